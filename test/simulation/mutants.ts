import type { Edit, Patch } from '../mutation/patched-build.js'
import { CARE_MUTANTS } from './care-mutants.js'

const RECEIVE = 'protocol/src/channel/receive-update.ts'
const DISPUTE = 'protocol/src/channel/dispute.ts'
const CHALLENGE = 'protocol/src/channel/challenge.ts'
const DRAFT = 'protocol/src/channel/draft.ts'
const CLAIM = 'protocol/src/channel/claim.ts'
const CLOSE = 'protocol/src/channel/cooperative-close.ts'
const ROUTING = 'hub/src/core/routing.ts'
const HUB_STEP = 'hub/src/core/hub-step.ts'
const HUB_LEDGER = 'hub/src/core/ledger-step.ts'
const DUTIES = 'client-sdk/src/guard/duties.ts'
const LOOP = 'client-sdk/src/wallet/wallet-loop.ts'
const INVOICE_MACHINE = 'client-sdk/src/wallet/invoice-machine.ts'
const WALLET_STEP = 'client-sdk/src/wallet/wallet-step.ts'
const OPERATION = 'settlement/src/core/apply-operation.ts'

/** A deliberate defect; a rule that is kept in two places is broken in both. */
export type Mutant = Patch & {
  readonly and?: Edit
  /** One that caught it once, to be tried first. */
  readonly seed?: number
}

/** Deliberate defects: each breaks one rule, and the simulator has to notice every one of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'wallet-skips-the-fsync',
    rule: 'INV-17',
    file: LOOP,
    find: 'await store.commit(writes)',
    replace: 'store.commit(writes).catch(() => undefined)',
  },
  {
    name: 'hub-skips-the-fsync',
    rule: 'INV-17',
    file: 'hub/src/pipeline/pipeline.ts',
    find: 'await journal.commit(writes, height)',
    replace: 'journal.commit(writes, height).catch(() => undefined)',
  },
  {
    name: 'hub-decides-ahead-on-what-is-stored',
    rule: 'CH-6',
    file: 'hub/src/pipeline/pipeline.ts',
    find: 'new HubOverlay(state, below)',
    replace: 'new HubOverlay(state)',
  },
  {
    name: 'hub-signs-on-top-of-what-is-not-stored',
    rule: 'INV-17',
    file: 'hub/src/pipeline/pipeline.ts',
    find: 'await belowDone',
    replace: 'void belowDone',
  },
  {
    name: 'ledger-skips-the-fsync',
    rule: 'INV-41',
    file: 'settlement/src/node/ledger-node.ts',
    find: 'await store.commitBlock(',
    replace: 'store.commitBlock(',
  },
  {
    name: 'ledger-shows-the-tip-before-it-is-on-disk',
    rule: 'BLK-6',
    file: 'settlement/src/node/ledger-node.ts',
    find: 'await store.commitBlock(blockCommit(',
    replace:
      'for (const listener of this.#listeners) listener({ height: header.height, bytes });\n        await store.commitBlock(blockCommit(',
  },
  {
    name: 'wallet-signs-what-it-does-not-store',
    rule: 'INV-16',
    file: LOOP,
    find: 'overlay.setChannel({ ...held, party: sealed.party })',
    replace: 'overlay.setChannel({ ...held, party: { ...held.party, draft: undefined } })',
  },
  {
    name: 'seal-does-not-raise-the-version',
    rule: 'CH-6',
    file: DRAFT,
    find: 'version: own.version + 1',
    replace: 'version: Math.max(1, own.version)',
  },
  {
    name: 'seal-acks-what-it-does-not-hold',
    rule: 'INV-19',
    file: DRAFT,
    find: 'acked: peer.version }',
    replace: 'acked: peer.version + 1 }',
  },
  {
    name: 'forget-acked',
    rule: 'CH-6.1',
    file: RECEIVE,
    find: 'if (update.acked < peer.acked)',
    replace: 'if (false)',
  },
  {
    name: 'accept-an-ack-of-what-was-never-sent',
    seed: 33,
    rule: 'CH-6.1',
    file: RECEIVE,
    find: 'if (update.acked > own.version)',
    replace: 'if (false)',
  },
  {
    name: 'accept-a-falling-transferred',
    rule: 'CH-6.1',
    file: 'protocol/src/channel/change.ts',
    find: 'lane.transferred + ',
    replace: 'lane.transferred - ',
  },
  {
    name: 'accept-a-promise-that-cannot-be-kept',
    rule: 'CH-6.2',
    file: RECEIVE,
    find: 'promised + reserve <= means',
    replace: 'true',
  },
  {
    name: 'accept-a-proof-with-any-signature',
    rule: 'CH-5',
    file: RECEIVE,
    find: 'return verify(chainId, party.ledger[payer].key, digest, evidence)',
    replace: 'return true',
  },
  {
    name: 'accept-an-item-dropped-without-right',
    seed: 253,
    rule: 'CH-6.3',
    file: RECEIVE,
    find: 'return note.declined',
    replace: 'return true',
  },
  {
    name: 'accept-an-item-expired-too-early',
    rule: 'CH-6.3',
    file: RECEIVE,
    find: '(now <= item.expiry || note.onLedger > item.paid)',
    replace: 'false',
  },
  {
    name: 'give-up-a-cancelled-item-before-the-ack',
    rule: 'CH-6.3',
    file: RECEIVE,
    find: 'const released = party.cancelling.filter(({ version }) => version <= update.acked)',
    replace: 'const released = party.cancelling',
  },
  {
    name: 'refund-before-the-peer-acked-a-cancellation',
    seed: 24,
    rule: 'HUB-3',
    file: HUB_STEP,
    find: 'state.setChannel({ ...channel, party: drafted })',
    replace:
      "state.setChannel({ ...channel, party: drafted });\n    return routeEvent(state, id, { kind: 'itemReleased', id: item }, { now })",
  },
  {
    name: 'hub-carries-on-more-than-it-was-promised',
    rule: 'HUB-2',
    file: ROUTING,
    find: 'unit: forward.amount, ticks, expiry',
    replace: 'unit: item.unit + 10000n, ticks, expiry',
  },
  {
    name: 'hub-carries-on-for-a-later-expiry',
    rule: 'HUB-2',
    file: ROUTING,
    find: 'const { anchor, ticks, expiry } = item',
    replace: 'const { anchor, ticks } = item; const expiry = item.expiry + 60',
    and: { file: DRAFT, find: 'if (expiry > expiryMax)', replace: 'if (false)' },
  },
  {
    name: 'hub-forgets-a-preimage',
    rule: 'HUB-4',
    file: ROUTING,
    find: 'state.setChannel({ ...payer, party });\n    // Shown once',
    replace: '// Shown once',
  },
  {
    name: 'hub-ignores-reveals-on-the-ledger',
    rule: 'REV-3',
    file: HUB_LEDGER,
    find: 'state.setPublic(event.anchor);',
    replace: 'return effects;',
  },
  {
    name: 'hub-ignores-force-closes',
    rule: 'DSP-8',
    file: HUB_LEDGER,
    find: 'party: seeLedger(channel.party, seen, context.now)',
    replace: 'party: channel.party',
  },
  {
    name: 'payer-takes-claims-until-the-expiry',
    seed: 32,
    rule: 'CH-6.5',
    file: CLAIM,
    find: 'now > item.expiry - CLAIM_MARGIN_SECONDS',
    replace: 'false',
  },
  {
    name: 'payer-takes-any-preimage',
    rule: 'CH-6.5',
    file: CLAIM,
    find: 'known.index > item.ticks || !isLinkOf(item, known)',
    replace: 'known.index > item.ticks',
    and: {
      file: 'protocol/src/channel/change.ts',
      find: '!isLinkOf(item, { index, link })',
      replace: 'false',
    },
  },
  {
    name: 'payer-expires-items-at-once',
    seed: 9,
    rule: 'CH-6.3',
    file: 'protocol/src/channel/limits.ts',
    find: 'EXPIRE_GRACE_SECONDS = 15',
    replace: 'EXPIRE_GRACE_SECONDS = -500',
  },
  {
    name: 'wallet-calls-an-invoice-paid-when-it-is-claimed',
    seed: 45,
    rule: 'INV-28',
    file: INVOICE_MACHINE,
    find: "status: 'claiming', waitsUntil",
    replace: "status: 'paid', waitsUntil",
  },
  {
    name: 'wallet-claims-what-it-does-not-remember',
    seed: 7,
    rule: 'INV-4',
    file: 'client-sdk/src/wallet/invoice-step.ts',
    find: 'const known = held && noteOf(held.party, id).known;',
    replace:
      'const known = held && noteOf(held.party, id).known;\n    if (held) state.setChannel({ ...held, party: { ...held.party, incoming: [] } });',
  },
  {
    name: 'wallet-serves-an-item-that-pays-too-little',
    seed: 9,
    rule: 'INVOICE-3',
    file: INVOICE_MACHINE,
    find: 'sumOf(parts) >= invoice.amount',
    replace: 'sumOf(parts) > 0n',
  },
  {
    name: 'wallet-calls-a-cancelled-payment-failed-at-once',
    rule: 'CH-6.3',
    file: WALLET_STEP,
    find: "status: 'cancelling', code",
    replace: "status: 'failed', code",
  },
  {
    name: 'wallet-forgets-a-payment-that-is-cancelling',
    seed: 9,
    rule: 'INV-4',
    file: 'client-sdk/src/wallet/cancelled-payments.ts',
    find: "status === 'cancelling'",
    replace: 'false',
  },
  {
    name: 'sign-on-after-a-force-close',
    rule: 'CH-6.6',
    file: 'protocol/src/channel/party.ts',
    find: "(kind === 'open' || kind === 'draining') && !isClosing(ledger)",
    replace: "kind !== 'closed'",
  },
  {
    name: 'sign-on-under-a-close-agreement',
    seed: 18,
    rule: 'CH-12',
    file: CLOSE,
    find: 'now > party.phase.validUntil',
    replace: 'now > party.phase.validUntil - 300',
  },
  {
    name: 'close-by-agreement-with-items-pending',
    rule: 'CH-12',
    file: CLOSE,
    find: 'return (party.own.items.length === 0 &&',
    replace: 'return (true ||',
  },
  {
    name: 'client-payout-leaves-out-what-the-hub-paid',
    rule: 'CH-12',
    file: CLOSE,
    find: 'sideStake(ledger.client) + hub.transferred - client.transferred',
    replace: 'sideStake(ledger.client) - client.transferred',
  },
  {
    name: 'guard-does-not-challenge',
    seed: 9,
    rule: 'DSP-8',
    file: DUTIES,
    find: 'if (answer !== undefined) {',
    replace: 'if (false) {',
  },
  {
    name: 'guard-does-not-reveal-before-the-expiry',
    rule: 'DSP-8',
    file: DUTIES,
    find: 'closing || now >= expiry - REVEAL_SECONDS',
    replace: 'closing',
  },
  {
    name: 'guard-does-not-reveal-on-a-closing-channel',
    seed: 21,
    rule: 'DSP-8',
    file: DUTIES,
    find: 'const pressing = closing || ',
    replace: 'const pressing = !closing && ',
  },
  {
    name: 'guard-does-not-finalize',
    rule: 'DSP-8',
    file: DUTIES,
    find: '!isRejection(finalize(ledger, part, revealed, now))',
    replace: 'false',
  },
  {
    name: 'force-close-with-the-oldest-proof',
    rule: 'DSP-2',
    file: DUTIES,
    find: 'own: party.own,\n        unsure',
    replace: 'own: { ...party.own, acked: 0 },\n        unsure',
  },
  {
    name: 'off-by-one-at-the-end-of-the-window',
    rule: 'DSP-7',
    file: DISPUTE,
    find: 'if (now <= status.deadline)',
    replace: 'if (now < status.deadline)',
  },
  {
    name: 'a-challenge-after-the-window',
    seed: 20,
    rule: 'DSP-4',
    file: CHALLENGE,
    find: 'if (now > status.deadline)',
    replace: 'if (false)',
  },
  {
    name: 'finalize-at-any-time',
    rule: 'DSP-7',
    file: DISPUTE,
    find: 'if (now <= status.deadline)',
    replace: 'if (false)',
  },
  {
    name: 'a-challenge-that-is-only-newer-is-not-stale',
    seed: 21,
    rule: 'DSP-4',
    file: CHALLENGE,
    find: 'return (order > 0 ||',
    replace: 'return (',
  },
  {
    name: 'every-challenge-is-refused',
    rule: 'DSP-4',
    file: CHALLENGE,
    find: 'if (!saysMore(status, next))',
    replace: 'if (true)',
  },
  {
    name: 'finalize-pays-a-part-twice',
    rule: 'INV-1',
    file: DISPUTE,
    find: 'bounds[role].least - paidSoFar(status, role)',
    replace: 'bounds[role].least',
  },
  {
    name: 'items-that-expired-are-paid',
    rule: 'DSP-6',
    file: 'protocol/src/channel/settlement.ts',
    find: 'now > item.expiry ? certain(item) : item.ticks',
    replace: 'item.ticks',
  },
  {
    name: 'a-reveal-counts-whenever-it-came',
    seed: 10,
    rule: 'REV-2',
    file: 'settlement/src/core/reveal-record.ts',
    find: 'step.time <= notAfter',
    replace: 'true',
  },
  {
    name: 'ledger-time-jumps',
    rule: 'INV-39',
    file: 'settlement/src/core/apply-block.ts',
    find: 'Math.max(parent.time, Math.min(clock, latest))',
    replace: 'Math.max(parent.time, clock)',
  },
  {
    name: 'closes-pay-what-the-client-says',
    rule: 'INV-1',
    file: OPERATION,
    find: 'run.credit(channel.asset, total - clientPayout)',
    replace: 'run.credit(channel.asset, total)',
  },
  ...CARE_MUTANTS,
]
