import { z } from 'zod'

/**
 * What each address of the API answers. The handlers are checked against these types, the OpenAPI
 * document is rendered from them, and tests hold real answers against them.
 */

const id = z.string().regex(/^[0-9a-f]{64}$/)
const hex = z.string().regex(/^(?:[0-9a-f]{2})*$/)
const amount = z.string().regex(/^(?:0|[1-9][0-9]{0,18})$/)
const whole = z.int().min(0)

const placed = z.strictObject({ id, height: whole, position: whole })
const block = z.strictObject({ height: whole, block: hex })
const header = z.strictObject({ height: whole, header: hex, certificate: hex.nullable() })
const coin = z.strictObject({
  ...{ tx_id: id, index: whole, asset: whole, amount },
  ...{ lock: id, created_time: whole },
})
const side = z.strictObject({
  ...{ key: id, deposited: amount, withdrawn: amount, fees_paid: amount, payout_lock: id },
})
const channel = z.strictObject({
  ...{ number: whole, id, asset: whole, opened_time: whole, client: side, hub: side },
  ...{ dispute_window_seconds: whole, unsure_window_seconds: whole },
  status: z.enum(['open', 'closing']),
  closing_by: z.enum(['client', 'hub']).optional(),
  deadline: whole.optional(),
  /** Whether a challenge has shown that the closing side signed two histories. */
  penalized: z.boolean().optional(),
  /** What a guard is due of the penalty, in parts per million, as it stands. */
  bounty: z.strictObject({ ppm: whole, payout_lock: id }).nullable().optional(),
})
const pageOf = <T extends z.ZodType, N extends z.ZodType>(item: T, next: N) =>
  z.strictObject({ data: z.array(item), has_more: z.boolean(), next: next.nullable() })

const included = { status: z.literal('included'), height: whole }
const step = z.strictObject({
  /** The rule, as docs/protocol.md numbers it. */
  rule: z.string(),
  /** What it is applied to: `input 0`, `operation 2 close`. */
  subject: z.string(),
  outcome: z.enum(['passed', 'failed', 'not_reached']),
  /** Units of COST-1; below 0 where a force close has paid for a finalize. */
  cost: z.int(),
  code: z.string().nullable(),
  detail: z.string().nullable(),
})

export const ANSWERED = {
  alive: z.strictObject({ status: z.literal('ok') }),
  status: z.strictObject({
    ...{ network: z.string(), chain_id: id, height: whole, time: whole, block_id: id },
    /** The lowest height whose block is kept. */
    first_block: whole,
    ...{ mempool_transactions: whole, mempool_fee_rate_ppm: amount, protocol_version: whole },
    supported_versions: z.array(whole),
    upgrade_pending: z
      .strictObject({ version: whole, activation_height: whole, supported: z.boolean() })
      .nullable(),
    role: z.enum(['validator', 'follower']),
    /** Of a follower only, as what is below. */
    upstream: z.string().optional(),
    upstream_link: z.enum(['connecting', 'following', 'unreachable', 'refused']).optional(),
    /** Null: nobody knows. */
    lag_blocks: whole.nullable().optional(),
    refused_block: z
      .strictObject({ height: whole, code: z.string(), detail: z.string() })
      .nullable()
      .optional(),
  }),
  genesis: z.strictObject({ chain_id: id, genesis: hex }),
  header,
  block,
  /** `next` goes into `from` where that was given, else into `cursor`. */
  blocks: pageOf(block, whole),
  /** An entry of the state, or null and that there is none, with what proves it. */
  entry: z.strictObject({ ...header.shape, value: hex.nullable(), proof: hex }),
  parameterChanges: pageOf(z.strictObject({ activation_height: whole, handover: hex }), whole),
  coins: pageOf(coin, id),
  channels: pageOf(channel, id),
  transactions: pageOf(placed, z.string()),
  coinTransactions: z.strictObject({ created: placed.nullable(), spent: placed.nullable() }),
  submission: z.discriminatedUnion('status', [
    z.strictObject({ id, status: z.literal('pending') }),
    z.strictObject({ id, ...included }),
  ]),
  transaction: z.discriminatedUnion('status', [
    z.strictObject({ id, status: z.literal('pending') }),
    z.strictObject({ id, ...included, position: whole, transaction: hex }),
    z.strictObject({ id, status: z.literal('rejected'), code: z.string(), detail: z.string() }),
  ]),
  trace: z.strictObject({
    id,
    /** What this node knows of the transaction besides. */
    status: z.enum(['unknown', 'pending', 'included', 'rejected']),
    /** Where it is, when it is in a block: there it passed every rule. */
    included: z.strictObject({ height: whole, position: whole }).nullable(),
    /** The state that it was run on: the tip's, at the time of a block that would come now. */
    tip: z.strictObject({ height: whole, block_id: id, time: whole }),
    outcome: z.enum(['passed', 'failed']),
    cost: whole,
    burnt: z.array(z.strictObject({ asset: whole, amount })),
    steps: z.array(step),
  }),
  /** This document. */
  openapi: z.looseObject({ openapi: z.string() }),
  problem: z.strictObject({
    ...{ type: z.string(), title: z.string(), status: whole, code: z.string() },
    ...{ detail: z.string(), retryable: z.boolean(), request_id: z.string() },
  }),
} as const
