import { StoreFault } from '@tallystick/client-sdk'
import type { Command } from 'commander'
import type { AuditEntry } from '../audit/audit-line.js'
import { verifyAudit } from '../audit/verify-audit.js'
import { auditPathOf } from '../hub-keys.js'

/** Adds `hub audit`. Exit codes: 0 every line is what was written, 1 the log is damaged. */
export function addAuditCommand(program: Command): void {
  program
    .command('audit')
    .description('show and verify the audit log, also while the hub runs')
    .requiredOption('--data <dir>', 'folder of the journal and the key')
    .option('--json', 'print one JSON object per line, the verdict last')
    .action(async ({ data, json }: { data: string; json?: true }) => {
      const verdict = await verdictOn(auditPathOf(data), (entry) => {
        process.stdout.write(`${json ? JSON.stringify(entry) : textOf(entry)}\n`)
      })
      process.stdout.write(`${json ? JSON.stringify(verdict) : verdict.detail}\n`)
      process.exitCode = verdict.intact ? 0 : 1
    })
}

async function verdictOn(path: string, onEntry: (entry: AuditEntry) => void) {
  try {
    const lines = await verifyAudit(path, onEntry)
    const detail = `all ${lines} lines are what was written`
    return { event: 'verified', intact: true, lines, detail }
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error
    const { code, message } = error
    return { event: 'verified', intact: false, code, detail: `${code}: ${message}` }
  }
}

function textOf({ sequence, at, kind, facts }: AuditEntry): string {
  return `${String(sequence).padStart(6)}  ${at}  ${kind.padEnd(12)} ${JSON.stringify(facts)}`
}
