import { type GuardAct, OutcomeNews } from '@tallystick/client-sdk'
import { isRejection } from '@tallystick/protocol'
import type { HubReport } from '../hub-report.js'
import { type AuditFacts, auditText } from './audit-line.js'
import type { AuditLog } from './audit-log.js'

/** Who is told what a hub reports, and that it must end. */
export type HubOperator = {
  readonly onReport: (report: HubReport) => void
  readonly onFault: (fault: unknown) => void
}

/** An operator behind an audit log: what must be accounted for is in the log when the hub goes on. */
export function auditedHub(audit: AuditLog, operator: HubOperator): HubOperator {
  const onFault = (fault: unknown) => {
    const detail = fault instanceof Error ? fault.message : String(fault)
    const code = fault instanceof Error && 'code' in fault ? String(fault.code) : 'fault'
    const told = audit.append('fault', { code, detail: auditText(detail) })
    // What has failed may be the disk of this log, too: the process ends all the same.
    told.catch(() => undefined).finally(() => operator.onFault(fault))
  }
  const news = new OutcomeNews()
  return {
    onFault,
    onReport: (report) => {
      if (report.kind === 'guard') {
        const { duty, channel, outcome } = report.act
        const said = isRejection(outcome) ? outcome.code : outcome
        if (!news.isNews(`${channel} ${duty}`, said)) return
        audit.append('guard', guardFacts(report.act)).catch(onFault)
      }
      // A client can claim it as often as it likes.
      if (report.kind === 'dataLost') {
        if (!news.isNews(report.channel, 'data lost')) return
        audit.append('data_lost', { channel: report.channel }).catch(onFault)
      }
      operator.onReport(report)
    },
  }
}

function guardFacts({ duty, channel, outcome }: GuardAct): AuditFacts {
  if (!isRejection(outcome)) return { duty, channel, transaction: outcome }
  return { duty, channel, refused: outcome.code, detail: auditText(outcome.detail) }
}
