import {
  type Anchor,
  amount,
  anchorOf,
  balanceProofDigest,
  type ChannelTerms,
  closeAgreementDigest,
  type Evidence,
  type ItemId,
  LANE_START,
  type LaneState,
  type Operation,
  type OperationOf,
  type PendingItem,
  type Role,
  type Signer,
  signEvidence,
  TIMESTAMP_MAX,
  timestamp,
  withdrawalDigest,
} from '@tallystick/protocol'
import { ALICE, type Draft, HUB, openOperation, type TestLedger } from './test-ledger.js'

const SIGNERS: Readonly<Record<Role, Signer>> = { client: ALICE, hub: HUB }

/** Opens a channel between Alice and the hub, paid by both; gives its number. */
export function openChannel(
  ledger: TestLedger,
  deposits: { readonly client: bigint; readonly hub: bigint },
  terms: Partial<ChannelTerms> = {},
): number {
  const number = ledger.state.read('channelCount', {})?.count ?? 0
  ledger.do({
    spends: [ledger.coin(ALICE), ledger.coin(HUB)],
    operations: [openOperation(deposits, terms)],
    signers: [ALICE, HUB],
  })
  return number
}

/** A cooperative close that the client agreed to. */
export function closeOperation(
  ledger: TestLedger,
  number: number,
  agreed: {
    readonly clientPayout: bigint
    readonly validUntil?: number
    readonly client?: Signer
  },
): Extract<Operation, { kind: 'close' }> {
  const validUntil = timestamp(agreed.validUntil ?? TIMESTAMP_MAX)
  const clientPayout = amount(agreed.clientPayout)
  const channel = ledger.channel(number).id
  const digest = closeAgreementDigest(ledger.chainId, { channel, clientPayout, validUntil })
  const signature = (agreed.client ?? ALICE).sign(digest)
  return { kind: 'close', validUntil, closes: [{ channel: number, clientPayout, signature }] }
}

type AgreedWithdrawal = {
  readonly role?: Role
  readonly withdrawn: bigint
  readonly validUntil?: number
  readonly signer?: Signer
}

/** A withdrawal from channel `number` that Alice agreed to. */
export function withdrawOperation(
  ledger: TestLedger,
  number: number,
  { role = 'client', withdrawn, validUntil = TIMESTAMP_MAX, signer = ALICE }: AgreedWithdrawal,
): OperationOf<'withdraw'> {
  const total = amount(withdrawn)
  const end = timestamp(validUntil)
  const channel = ledger.channel(number).id
  const withdrawal = { channel, role, withdrawn: total, validUntil: end }
  const signature = signer.sign(withdrawalDigest(ledger.chainId, withdrawal))
  const withdrawals = [{ channel: number, role, withdrawn: total, signature }]
  return { kind: 'withdraw', validUntil: end, withdrawals }
}

/** A lane state; what is left out is as before the first proof. */
export function lane(
  version: number,
  transferred: bigint,
  rest: Partial<Omit<LaneState, 'version' | 'transferred'>> = {},
): LaneState {
  return { ...LANE_START, version, transferred: amount(transferred), ...rest }
}

export function itemId(name: number): ItemId {
  return name.toString(16).padStart(32, '0') as ItemId
}

/** The last link of the chain that the tests know by `name`. */
export function lastLink(name: number): Uint8Array {
  return new Uint8Array(32).fill(name)
}

export function anchor(name: number, ticks = 1): Anchor {
  return anchorOf(lastLink(name), ticks)
}

/** An item that is paid when the chain of `name` is revealed in time. */
export function item(
  name: number,
  unit: bigint,
  expiry: number,
  { ticks = 1, paid = 0 }: { readonly ticks?: number; readonly paid?: number } = {},
): PendingItem {
  const id = itemId(name)
  return {
    id,
    anchor: anchor(name, ticks),
    unit: amount(unit),
    ticks,
    paid,
    expiry: timestamp(expiry),
  }
}

/** A lane with its payer's signature, alone or inside a batch with other digests. */
export function signedLane(
  ledger: TestLedger,
  number: number,
  payer: Role,
  state: LaneState,
  options: { readonly signer?: Signer; readonly batch?: boolean } = {},
): { readonly lane: LaneState; readonly evidence: Evidence } {
  const { signer = SIGNERS[payer], batch = false } = options
  const digest = balanceProofDigest(ledger.chainId, ledger.channel(number).id, payer, state)
  const others = batch ? [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)] : []
  const [evidence] = signEvidence(ledger.chainId, signer, [digest, ...others])
  if (evidence === undefined) throw new Error('a batch signature has evidence for each digest')
  return { lane: state, evidence }
}

/** A force close that pays its fee with a coin of the closing side. */
export function forceCloseDraft(
  ledger: TestLedger,
  number: number,
  by: Role,
  own: LaneState,
  peer: LaneState | undefined,
): Draft {
  const other = by === 'client' ? 'hub' : 'client'
  const signed = peer === undefined ? undefined : signedLane(ledger, number, other, peer)
  return {
    spends: [ledger.coin(SIGNERS[by])],
    operations: [
      {
        kind: 'forceClose',
        channel: number,
        by,
        own,
        unsure: false,
        resume: undefined,
        peer: signed,
      },
    ],
    signers: [SIGNERS[by]],
  }
}

/** A challenge by the side that did not close. */
export function challengeDraft(
  ledger: TestLedger,
  number: number,
  challenger: Role,
  proof: LaneState,
  own?: LaneState,
): Draft {
  const closer = challenger === 'client' ? 'hub' : 'client'
  const signed = signedLane(ledger, number, closer, proof)
  return {
    spends: [ledger.coin(SIGNERS[challenger])],
    operations: [
      {
        kind: 'challenge',
        channel: number,
        proof: signed,
        own,
        resume: undefined,
        guard: undefined,
      },
    ],
    signers: [SIGNERS[challenger]],
  }
}

export function finalizeDraft(number: number, part = 0): Draft {
  return { operations: [{ kind: 'finalize', channel: number, part }] }
}
