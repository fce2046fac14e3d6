import type { z } from 'zod'
import type { TipTrace } from '../node/trace-at-tip.js'
import type { ANSWERED } from './answers.js'

/** A trace as it is answered: every step of it, and what the node knows of the transaction. */
export function traceResource(trace: TipTrace): z.output<typeof ANSWERED.trace> {
  const { id, tip, time, cost, burnt, applied, status } = trace
  const place = status.kind === 'included' ? status : undefined
  return {
    ...{ id, status: status.kind, cost },
    included: place === undefined ? null : { height: place.height, position: place.position },
    tip: { height: tip.header.height, block_id: tip.id, time },
    outcome: applied.kind === 'applied' ? 'passed' : 'failed',
    burnt: burnt.map(({ asset, amount }) => ({ asset, amount: amount.toString() })),
    steps: trace.steps.map(({ rule, subject, outcome, cost: units, refusal }) => ({
      ...{ rule, subject, outcome, cost: units },
      code: refusal?.code ?? null,
      detail: refusal?.detail ?? null,
    })),
  }
}
