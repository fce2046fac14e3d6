import { printFacts } from '@tallystick/daemon'
import { SignaturePool } from '@tallystick/protocol/workers'
import { InvalidArgumentError } from 'commander'
import { Upstream } from '../follow/upstream.js'
import { archiveHeight } from '../history/archive-index.js'
import { type BlockSource, storeSource, upstreamSource } from '../history/block-source.js'
import { writeArchive } from '../history/write-archive.js'
import { withLedgerStore } from '../with-ledger-store.js'
import { progressOf } from './progress.js'

type ArchiveOptions = {
  readonly out: string
  readonly data?: string
  readonly from?: string
  readonly fileBlocks: number
  readonly checkpointBlocks: number
  readonly json?: true
}

/** `ledger archive`. */
export async function archiveLedger(options: ArchiveOptions): Promise<void> {
  const { data, from, out } = options
  if (data !== undefined) {
    await withLedgerStore(data, async (store, genesis) => {
      await archiveSource(await storeSource(store, genesis), options)
    })
  } else if (from !== undefined) {
    await archiveSource(await upstreamSource(new Upstream(from)), options)
  } else {
    throw new InvalidArgumentError(`--data or --from is due: what ${out} is to be taken from`)
  }
}

async function archiveSource(source: BlockSource, options: ArchiveOptions): Promise<void> {
  const { out, fileBlocks, checkpointBlocks, json } = options
  const pool = new SignaturePool('behind')
  try {
    const index = await writeArchive(source, {
      ...{ out, pool, onProgress: progressOf('archive') },
      cut: { blocksPerFile: fileBlocks, checkpointBlocks },
      clock: () => Math.floor(Date.now() / 1_000),
    })
    const facts = {
      chain_id: index.chain_id,
      height: archiveHeight(index),
      files: index.files.length,
      checkpoints: index.checkpoints.map(({ height }) => height),
    }
    const text = `chain        ${facts.chain_id}\nheight       ${facts.height}\nfiles        ${facts.files}\ncheckpoints  ${facts.checkpoints.length}`
    printFacts(json, facts, text)
  } finally {
    await pool.stop()
  }
}
