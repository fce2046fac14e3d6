import {
  type Amount,
  type ChannelId,
  type HubPolicy,
  type LockRoot,
  type PublicKey,
  type Rejection,
  reject,
  type TxId,
} from '@tallystick/protocol'
import type { HubState } from '../core/hub-state.js'

/** Somebody waits for a channel or a deposit of the hub; answered once, when the ledger has it. */
export type LiquidityRequest = {
  /** Identity of the client that asks. */
  readonly client: PublicKey
  readonly answer: (outcome: TxId | Rejection) => void
} & (
  | {
      readonly kind: 'open'
      readonly key: PublicKey
      readonly payoutLock: LockRoot
      readonly inbound: Amount
    }
  | { readonly kind: 'deposit'; readonly channel: ChannelId; readonly amount: Amount }
)

/** Base units of the hub that a request asks for. */
export function wantedBy(request: LiquidityRequest): bigint {
  return request.kind === 'open' ? request.inbound : request.amount
}

/**
 * Why a request can never be granted beside `others`, those that come before it: whatever the
 * ledger would refuse is found here, so that it refuses no batch because of it (HUB-7).
 */
export function unfitRequest(
  request: LiquidityRequest,
  others: readonly LiquidityRequest[],
  hub: { readonly policy: HubPolicy; readonly key: PublicKey; readonly state: HubState },
): Rejection | undefined {
  return request.kind === 'open'
    ? unfitOpening(request, others, hub)
    : unfitDeposit(request, others, hub)
}

function unfitOpening(
  { key, inbound }: Extract<LiquidityRequest, { kind: 'open' }>,
  others: readonly LiquidityRequest[],
  hub: { readonly policy: HubPolicy; readonly key: PublicKey; readonly state: HubState },
): Rejection | undefined {
  const { exitReserve } = hub.policy.terms
  if (key === hub.key) return reject('keys_not_distinct', 'this is the key of the hub')
  if (hub.state.hasClientKey(key)) {
    return reject('key_in_use', 'the key has a channel already; derive another one (KEY-2)')
  }
  if (others.some((other) => other.kind === 'open' && other.key === key)) {
    return reject('already_asked', 'a channel for this key is being opened')
  }
  return inbound > hub.policy.inboundMax || inbound < exitReserve
    ? reject(
        'inbound_out_of_bounds',
        `${exitReserve} to ${hub.policy.inboundMax} base units are deposited here`,
      )
    : undefined
}

function unfitDeposit(
  request: Extract<LiquidityRequest, { kind: 'deposit' }>,
  others: readonly LiquidityRequest[],
  { policy, state }: { readonly policy: HubPolicy; readonly state: HubState },
): Rejection | undefined {
  const party = state.channel(request.channel)?.party
  if (party === undefined || party.phase.kind !== 'open' || party.ledger.status.kind !== 'open') {
    return reject('channel_not_usable', `channel ${request.channel} takes no deposit`)
  }
  const queued = others.reduce(
    (sum, other) =>
      other.kind === 'deposit' && other.channel === request.channel ? sum + other.amount : sum,
    0n,
  )
  const { deposited: put, withdrawn } = party.ledger.hub
  const deposited = put - withdrawn + queued + request.amount
  return request.amount === 0n || deposited > policy.inboundMax
    ? reject('inbound_out_of_bounds', `the hub keeps at most ${policy.inboundMax} in one channel`)
    : undefined
}
