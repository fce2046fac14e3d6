import {
  agreeToClose,
  agreeToWithdraw,
  amount,
  type ChannelParty,
  channelTotal,
  closeAgreementDigest,
  isRejection,
  type Operation,
  requestWithdrawal,
  type SignedAgreement,
  type SignedWithdrawal,
  seeLedger,
  type Timestamp,
  timestamp,
  withdrawalDigest,
} from '@tallystick/protocol'
import { CHAIN, NOW, SIGNERS } from '../protocol/test-channel.js'
import { batch } from './channel-batch.js'
import type { ChannelScope, ChannelState } from './channel-state.js'
import { bookBalance } from './dispute-game.js'
import { isWaiting, type Position } from './dispute-position.js'
import { applied, type ExploredLedger } from './explored-ledger.js'
import { type Move, Violation } from './search.js'

/*
 * Withdrawals and close agreements: the peer proposes any, the honest side binds itself to what its
 * rules take, and the peer brings it onto the ledger whenever it likes, or never.
 */

/** The word on everything runs out at the second of the scope's times. */
function validUntil(scope: ChannelScope): Timestamp {
  return timestamp(NOW + (scope.times[0] ?? 0))
}

export function* agreementMoves(
  scope: ChannelScope,
  state: ChannelState,
): Iterable<Move<ChannelState>> {
  if (isWaiting(state.party)) return
  if (scope.withdrawals) {
    yield* withdrawalsAgreed(scope, state)
    yield* withdrawalsApplied(scope, state)
  }
  if (scope.closes) yield* closesAgreed(scope, state)
}

function* withdrawalsAgreed(
  scope: ChannelScope,
  state: ChannelState,
): Iterable<Move<ChannelState>> {
  const { party, ledger } = state
  const until = validUntil(scope)
  for (const role of ['client', 'hub'] as const) {
    const before = party.ledger[role].withdrawn
    for (let value = 1n; value <= channelTotal(party.ledger); value++) {
      const withdrawn = amount(before + value)
      const withdrawal = { channel: party.ledger.id, role, withdrawn, validUntil: until }
      const signature = SIGNERS.client.sign(withdrawalDigest(CHAIN, withdrawal))
      const signed = { withdrawal, signature }
      const agreed = agreeToWithdraw(CHAIN, party, signed, ledger.time)
      if (isRejection(agreed) || agreed === party) continue
      const next = { ...state, withdrawals: [...state.withdrawals, signed] }
      yield* batch(
        scope,
        next,
        `agrees that the ${role} withdraws ${value}`,
        agreed as ChannelParty,
      )
    }
    if (role !== scope.honest || role === 'client') continue
    const asked = { withdrawn: amount(before + 1n), validUntil: until }
    const requested = requestWithdrawal(party, asked, ledger.time)
    if (!isRejection(requested)) {
      yield* batch(scope, state, 'asks for a withdrawal of 1', requested as ChannelParty)
    }
  }
}

/** Whoever has both words brings them: a lying hub any that a client ever signed. */
function* withdrawalsApplied(
  scope: ChannelScope,
  state: ChannelState,
): Iterable<Move<ChannelState>> {
  const { ledger, party } = state
  for (const signed of state.withdrawals) {
    const after = applied(ledger, withdrawOperation(party, signed), [SIGNERS.hub.publicKey])
    if (isRejection(after)) continue
    const { role, withdrawn } = signed.withdrawal
    const seen = seeLedger(party, after.channels.get(party.ledger.number), after.time)
    yield* batch(scope, { ...state, ledger: after }, `the ${role} has withdrawn ${withdrawn}`, seen)
  }
}

function withdrawOperation(
  { ledger: { number } }: ChannelParty,
  { withdrawal: { role, withdrawn, validUntil: until }, signature }: SignedWithdrawal,
): Operation {
  const withdrawals = [{ channel: number, role, withdrawn, signature }]
  return { kind: 'withdraw', validUntil: until, withdrawals }
}

function* closesAgreed(scope: ChannelScope, state: ChannelState): Iterable<Move<ChannelState>> {
  const { party, ledger } = state
  for (let payout = 0n; payout <= channelTotal(party.ledger); payout++) {
    const agreement = {
      channel: party.ledger.id,
      clientPayout: amount(payout),
      validUntil: validUntil(scope),
    }
    const signature = SIGNERS.client.sign(closeAgreementDigest(CHAIN, agreement))
    const signed = { agreement, signature }
    const agreed = agreeToClose(CHAIN, party, signed, ledger.time)
    if (isRejection(agreed) || agreed === party) continue
    const next = { ...state, agreements: [...state.agreements, signed] }
    yield* batch(scope, next, `agrees to close at ${payout}`, agreed as ChannelParty)
  }
}

/** INV-24: whatever was agreed on may happen now, and the honest side is paid what it is due. */
export function checkAgreements(state: ChannelState, position: Position): void {
  const { agreements, ledger, party } = state
  for (const signed of agreements) {
    const after = closed(ledger, party, signed)
    if (isRejection(after)) continue
    // The hub's part goes wherever the transaction says: it is what the client does not get.
    const client =
      (after.paid.get(party.ledger.client.payoutLock) ?? 0n) -
      (ledger.paid.get(party.ledger.client.payoutLock) ?? 0n)
    const current = ledger.channels.get(party.ledger.number) ?? party.ledger
    const paid = party.role === 'client' ? client : channelTotal(current) - client
    const due = bookBalance(position, new Map())
    if (paid >= due) continue
    throw new Violation(`INV-24 the ${party.role} is paid ${paid} of ${due} by an agreement`)
  }
}

function closed(
  ledger: ExploredLedger,
  { ledger: { number } }: ChannelParty,
  { agreement: { clientPayout, validUntil: until }, signature }: SignedAgreement,
) {
  const closes = [{ channel: number, clientPayout, signature }]
  return applied(ledger, { kind: 'close', validUntil: until, closes }, [SIGNERS.hub.publicKey])
}
