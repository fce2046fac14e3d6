import { EXIT, printFacts } from '@tallystick/daemon'
import { SignaturePool } from '@tallystick/protocol/workers'
import { Archive } from '../history/archive.js'
import { verifyArchive } from '../history/verify-archive.js'
import { LedgerFault, type LedgerFaultCode } from '../ledger-fault.js'
import { progressOf } from './progress.js'

/** What a file of an archive, or a block in it, is damaged by. */
const DAMAGES: ReadonlySet<LedgerFaultCode> = new Set([
  'history_corrupt',
  'history_refused',
  'snapshot_refused',
])

/** `ledger verify --archive`: prints the first damage, and ends with 1 if there is one. */
export async function verifyArchiveAt(location: string, json: true | undefined): Promise<void> {
  const pool = new SignaturePool('behind')
  try {
    const archive = await Archive.open(location)
    const clock = () => Math.floor(Date.now() / 1_000)
    const onProgress = progressOf('verify')
    const found = await verifyArchive(archive, { pool, clock, onProgress }).catch(damageOf)
    const damages = typeof found === 'string' ? [found] : []
    const { files, checkpoints } = archive.index
    const facts = {
      chain_id: archive.chainId,
      height: files.at(-1)?.last ?? 0,
      files: files.length,
      checkpoints: checkpoints.length,
      damages,
    }
    const verdict = damages.length === 0 ? 'whole' : 'damaged:'
    const text = [`chain ${facts.chain_id}, blocks 1 to ${facts.height}: ${verdict}`, ...damages]
    printFacts(json, facts, text.join('\n'))
    if (damages.length > 0) process.exitCode = EXIT.failed
  } finally {
    await pool.stop()
  }
}

function damageOf(error: unknown): string {
  if (error instanceof LedgerFault && DAMAGES.has(error.code)) return error.message
  throw error
}
