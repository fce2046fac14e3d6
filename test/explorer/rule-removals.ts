import type { Edit } from '../mutation/patched-build.js'

/*
 * Every rule of design §5 and §6, each as the edit that takes it out of the production code, with the
 * world in which that is noticed first. What is durable before what is sent is a rule of the shells,
 * which the explorer stands in for: there the edit is of the explorer's own shell.
 */

export type RuleRemoval = {
  readonly name: string
  /** The rule that is gone, by its id in docs/protocol.md. */
  readonly rule: string
  readonly edits: readonly Edit[]
  /** Where the explorer looks for what comes of it. */
  readonly world: string
}

const RECEIVE = 'protocol/src/channel/receive-update.ts'
const CHANGE = 'protocol/src/channel/change.ts'
const DRAFT = 'protocol/src/channel/draft.ts'
const PARTY = 'protocol/src/channel/party.ts'
const CLAIM = 'protocol/src/channel/claim.ts'
const CLOSE = 'protocol/src/channel/cooperative-close.ts'
const WITHDRAWAL = 'protocol/src/channel/agree-withdrawal.ts'
const SPENDABLE = 'protocol/src/channel/spendable.ts'
const EVIDENCE = 'protocol/src/channel/evidence.ts'
const DISPUTE = 'protocol/src/channel/dispute.ts'
const CHALLENGE = 'protocol/src/channel/challenge.ts'
const ANSWERED = 'protocol/src/channel/answered-lanes.ts'
const APPOINTMENT = 'protocol/src/channel/appointment.ts'
const SETTLEMENT = 'protocol/src/channel/settlement.ts'
const RESUME = 'protocol/src/channel/resume.ts'
const RESUME_LANE = 'protocol/src/channel/resume-lane.ts'
const RESYNC = 'protocol/src/channel/resync.ts'
const APPLY = 'settlement/src/core/apply-operation.ts'
const APPLY_WITHDRAW = 'settlement/src/core/apply-withdraw.ts'
const REVEALS = 'settlement/src/core/reveal-record.ts'
const ROUTING = 'hub/src/core/routing.ts'

const removal = (
  name: string,
  rule: string,
  world: string,
  file: string,
  find: string,
  replace: string,
): RuleRemoval => ({ name, rule, world, edits: [{ file, find, replace }] })

/** The rules of the lanes: design §5. */
const OF_LANES: readonly RuleRemoval[] = [
  removal(
    ...(['a version follows the one before', 'CH-6.1', 'payments', RECEIVE] as const),
    ...(['update.version !== peer.version + 1', 'false'] as const),
  ),
  removal(
    ...(['an ack never falls', 'CH-6.1', 'payments', RECEIVE] as const),
    ...(['update.acked < peer.acked', 'false'] as const),
  ),
  removal(
    ...(['an ack names what was sent', 'CH-6.1', 'payments', RECEIVE] as const),
    ...(['update.acked > own.version', 'false'] as const),
  ),
  removal(
    ...(['a payee asks for solvency', 'CH-6.2', 'poor', RECEIVE] as const),
    ...(['return promised + reserve <= means', 'return true'] as const),
  ),
  removal(
    ...(['a payer keeps to its solvency', 'CH-6.2', 'poor', DRAFT] as const),
    ...(["change.kind === 'add' && spendable(drafted) < 0n", 'false'] as const),
  ),
  removal(
    ...(['what a withdrawal may take counts as gone', 'CH-17', 'withdrawals', SPENDABLE] as const),
    ...(['return due > 0n ? stake - due : stake', 'return stake'] as const),
  ),
  removal(
    ...(['what is redeemed is transferred', 'CH-6.3', 'payments', CHANGE] as const),
    ...(['lane.transferred + claimableOf(item, index)', 'lane.transferred'] as const),
  ),
  removal(
    ...(['what is partly redeemed stays pending', 'CH-6.3', 'streams', CHANGE] as const),
    ...(['const items = index === item.ticks', 'const items = index > 0'] as const),
  ),
  removal(
    ...(['paid ticks are counted', 'CH-6.3', 'streams', CHANGE] as const),
    ...(['{ ...item, paid: index }', 'item'] as const),
  ),
  removal(
    ...(['a tick is paid once', 'CH-7', 'streams', CHANGE] as const),
    ...(['index <= item.paid || index > item.ticks', 'index > item.ticks'] as const),
  ),
  removal(
    ...(['only a link pays', 'CH-7', 'routing', CLAIM] as const),
    ...([
      'known.index > item.ticks || anchorOf(known.link, known.index) !== item.anchor',
      'false',
    ] as const),
  ),
  removal(
    ...(['only the payee cancels', 'CH-6.3', 'payments', RECEIVE] as const),
    ...(['return note.declined', 'return true'] as const),
  ),
  removal(
    ...(['an item expires after its time', 'CH-6.3', 'payments', RECEIVE] as const),
    ...(['now <= item.expiry || note.onLedger > item.paid', 'note.onLedger > item.paid'] as const),
  ),
  removal(
    ...(['what was revealed in time does not expire', 'CH-6.3', 'expiries', RECEIVE] as const),
    ...(['now <= item.expiry || note.onLedger > item.paid', 'now <= item.expiry'] as const),
  ),
  removal(
    ...(['a payer takes nothing back before its time', 'CH-6.3', 'expiries', DRAFT] as const),
    ...(['owed || now <= item.expiry + EXPIRE_GRACE_SECONDS', 'false'] as const),
  ),
  removal(
    ...(['a cancelled item is owed until the payee acks', 'CH-6.3', 'routing', RECEIVE] as const),
    ...([
      'party.cancelling.filter(({ version }) => version <= update.acked)',
      'party.cancelling',
    ] as const),
  ),
  removal(
    ...(['nothing is given back before the payee gave it up', 'HUB-4', 'routing', DRAFT] as const),
    ...(['cancelling: [...party.cancelling, ...cancelled]', 'cancelling: []'] as const),
  ),
  removal(
    ...(['an id names one item', 'CH-3', 'payments', RECEIVE] as const),
    ...(["change.kind === 'add' && named.has(change.id)", 'false'] as const),
  ),
  removal(
    ...(['a lane is bounded in items', 'CH-6.4', 'poor', DRAFT] as const),
    ...(['if (lane.items.length >= itemsMax)', 'if (false)'] as const),
  ),
  removal(
    ...(['an item has a least amount', 'CH-6.4', 'poor', DRAFT] as const),
    ...(['unit * BigInt(ticks) < itemAmountMin', 'false'] as const),
  ),
  removal(
    ...(['an expiry is bounded', 'CH-6.4', 'poor', DRAFT] as const),
    ...(['expiry > expiryMax', 'false'] as const),
  ),
  removal(
    ...(['a proof is signed by its payer', 'CH-5', 'payments', RECEIVE] as const),
    ...([' ?? checkSignature(chainId, party, lane, update)', ''] as const),
  ),
  removal(
    ...(['a batch binds its leaves', 'SIG-4', 'payments', EVIDENCE] as const),
    ...(['return (root !== undefined &&', 'return (true ||'] as const),
  ),
  removal(
    ...(['durable before sent', 'CH-6.5', 'crashes', 'test/explorer/channel-batch.ts'] as const),
    ...(['const died = { ...state, ', 'const died = { ...next, given, '] as const),
  ),
  removal(
    ...(['who was shown to have lost data signs no more', 'CH-11', 'crashes', RESYNC] as const),
    ...(['if (peer.held > party.own.version)', 'if (false)'] as const),
  ),
  removal(
    ...([
      'preimages are taken before a margin only',
      'CH-6.5',
      'routing and expiries',
      CLAIM,
    ] as const),
    ...(['now > item.expiry - CLAIM_MARGIN_SECONDS', 'now > item.expiry'] as const),
  ),
  removal(
    ...(['who left or was left signs no more', 'CH-6.6', 'closing', PARTY] as const),
    ...([' && !isClosing(ledger)', ''] as const),
  ),
  removal(
    ...(['who agreed to close signs no more', 'CH-6.6', 'close agreements', PARTY] as const),
    ...([
      "(kind === 'open' || kind === 'draining')",
      "(kind === 'open' || kind === 'agreed')",
    ] as const),
  ),
  removal(
    ...(['an agreement pays what the books say', 'CH-12', 'close agreements', CLOSE] as const),
    ...(['return clientPayout === due', 'return true'] as const),
  ),
  removal(
    ...([
      'an agreement waits for pending items',
      'CH-12',
      'close agreements of a hub',
      CLOSE,
    ] as const),
    ...(['if (!isQuiescent(party))', 'if (false)'] as const),
  ),
  removal(
    ...(['an agreement binds until it lapses', 'CH-12', 'close agreements', CLOSE] as const),
    ...([
      "party.phase.kind === 'agreed' && now > party.phase.validUntil",
      "party.phase.kind === 'agreed'",
    ] as const),
  ),
  removal(
    ...(['an agreement ends', 'CH-12', 'close agreements', APPLY] as const),
    ...(['if (run.time > validUntil)', 'if (false)'] as const),
  ),
  removal(
    ...(['a side withdraws what it has', 'CH-17', 'withdrawals', WITHDRAWAL] as const),
    ...(['return withdrawn - before <= most', 'return true'] as const),
  ),
  removal(
    ...(['a withdrawal binds until it lapses', 'CH-17', 'withdrawals', WITHDRAWAL] as const),
    ...(['now > pending.validUntil', 'true'] as const),
  ),
  removal(
    ...(['a withdrawal ends', 'OP-11', 'withdrawals', APPLY_WITHDRAW] as const),
    ...(['if (run.time > validUntil)', 'if (false)'] as const),
  ),
  removal(
    ...(['a withdrawal counts once', 'OP-11', 'withdrawals', APPLY_WITHDRAW] as const),
    ...(['if (withdrawn <= side.withdrawn)', 'if (false)'] as const),
  ),
  removal(
    ...(['a claim downstream is a claim upstream', 'HUB-4', 'routing', ROUTING] as const),
    ...([
      'const party = learnLink(payer.party, origin.otherId, known)',
      'const party = payer.party',
    ] as const),
  ),
]

/** The rules of disputes: design §6. */
const OF_DISPUTES: readonly RuleRemoval[] = [
  removal(
    ...(['an asserted lane acks what is there', 'DSP-3', 'payments', DISPUTE] as const),
    ...(['own.acked > peer.version || ', ''] as const),
  ),
  removal(
    ...(['a chosen lane acks what is asserted', 'DSP-3', 'payments', DISPUTE] as const),
    ...([' || (!unsure && peer.acked > own.version)', ''] as const),
  ),
  removal(
    ...(['asserted lanes are solvent', 'DSP-3', 'payments', DISPUTE] as const),
    ...(['!unsure && !isSolvent(channel, lanes)', 'false'] as const),
  ),
  removal(
    ...(['a chosen proof is signed', 'DSP-2', 'payments', DISPUTE] as const),
    ...(['checkSignedLane(chainId, channel, otherRole(by), assertion.peer) ??', ''] as const),
  ),
  removal(
    ...(['a newer proof is stale evidence', 'DSP-4', 'payments', CHALLENGE] as const),
    ...(['order > 0 ||', ''] as const),
  ),
  removal(
    ...(['more transferred is stale evidence', 'DSP-4', 'payments', CHALLENGE] as const),
    ...(['shown.transferred > asserted.transferred ||', ''] as const),
  ),
  removal(
    ...(['more acked is stale evidence', 'DSP-4', 'payments', CHALLENGE] as const),
    ...(['shown.acked > asserted.acked ||', ''] as const),
  ),
  removal(
    ...(['another content is stale evidence', 'DSP-4', 'payments', CHALLENGE] as const),
    ...(['order === 0 && ', 'false && '] as const),
  ),
  removal(
    ...(['a substitute is no older than what was acked', 'DSP-4', 'payments', CHALLENGE] as const),
    ...(['(!stale || status.unsure) && head.version < chosen.acked', 'false'] as const),
  ),
  removal(
    ...(['a substitute needs no lie', 'DSP-4', 'payments', CHALLENGE] as const),
    ...(['(!stale || status.unsure) && head.version < chosen.acked', '!stale'] as const),
  ),
  removal(
    ...(['a proof of a challenge is signed', 'DSP-4', 'payments', CHALLENGE] as const),
    ...([
      'const refusal = checkSignedLane(chainId, channel, by, proof) ??',
      'const refusal =',
    ] as const),
  ),
  removal(
    ...(['stale evidence brings an own lane', 'DSP-5', 'payments', CHALLENGE] as const),
    ...([
      'proof.lane.acked > chosen.version : stale)',
      'proof.lane.acked > chosen.version : false)',
    ] as const),
  ),
  removal(
    ...(['an own lane comes with stale evidence only', 'DSP-5', 'payments', CHALLENGE] as const),
    ...([
      'proof.lane.acked > chosen.version : stale)',
      'proof.lane.acked > chosen.version : true)',
    ] as const),
  ),
  removal(
    ...(['only the other side answers', 'OP-5', 'payments', APPLY] as const),
    ...([
      'const unsigned = run.requireSigner(challenger,',
      'const unsigned = void (challenger,',
    ] as const),
  ),
  removal(
    ...(['a guard is appointed by its owner', 'DSP-11', 'payments', APPOINTMENT] as const),
    ...(['return verifySignature(channel[owner].key, digest, signature)', 'return true'] as const),
  ),
  removal(
    ...(['the newest of several wins', 'DSP-4', 'guards', ANSWERED] as const),
    ...(['isShown && compareLanes(', 'false && compareLanes('] as const),
  ),
  removal(
    ...(["an owner's word goes before its guard's", 'DSP-11', 'guards', CHALLENGE] as const),
    ...([
      'guard === undefined\n        ? answeredByOwner',
      'guard !== null\n        ? answeredByOwner',
    ] as const),
  ),
  removal(
    ...(['who lied is penalized', 'DSP-6', 'penalties', SETTLEMENT] as const),
    ...(['if (!penalized)', 'if (true)'] as const),
  ),
  removal(
    ...(['who answers itself owes no bounty', 'DSP-11', 'guards', SETTLEMENT] as const),
    ...(['challenged || replaced ? undefined : ', ''] as const),
  ),
  removal(
    ...(['a window ends', 'DSP-4', 'payments', CHALLENGE] as const),
    ...(['now > status.deadline', 'false'] as const),
  ),
  removal(
    ...(['a window lasts', 'DSP-7', 'payments', DISPUTE] as const),
    ...(['now <= status.deadline', 'false'] as const),
  ),
  removal(
    ...(['a reveal counts until the expiry', 'DSP-6', 'payments', REVEALS] as const),
    ...(['step.time <= notAfter', 'true'] as const),
  ),
  removal(
    ...(['what is undecided waits', 'DSP-6', 'routing', SETTLEMENT] as const),
    ...(['(now > item.expiry ? certain(item) : item.ticks)', 'certain(item)'] as const),
  ),
  removal(
    ...(['a hub is never unsure', 'DSP-9', 'payments', DISPUTE] as const),
    ...(["if (unsure && by === 'hub')", 'if (false)'] as const),
  ),
  removal(
    ...(['who is unsure has not lied', 'DSP-9', 'resumes', CHALLENGE] as const),
    ...(['!status.unsure && (evidence.stale', '(evidence.stale'] as const),
  ),
  removal(
    ...([
      'of the unsure an own lane needs an ack',
      'DSP-9',
      'resumes and acks',
      CHALLENGE,
    ] as const),
    ...(['(unsure ? proof.lane.acked > chosen.version : stale)', '(unsure || stale)'] as const),
  ),
  removal(
    ...(['an unsure assertion may lag', 'DSP-9', 'resumes and acks', DISPUTE] as const),
    ...(['!unsure && peer.acked > own.version', 'peer.acked > own.version'] as const),
  ),
  removal(
    ...(['who goes on shows its resume', 'DSP-10', 'resumes of a payee', DISPUTE] as const),
    ...(['return own.epoch === 0', 'return true'] as const),
  ),
  removal(
    ...(['an asserted lane is under its resume', 'DSP-10', 'resumes of a payee', DISPUTE] as const),
    ...([
      'return isUnderResume(laneHead(chainId, channel, by, own), resume.point)',
      'return true',
    ] as const),
  ),
  removal(
    ...(['a resume is signed by the payee', 'DSP-10', 'resumes of a payee', RESUME] as const),
    ...([
      'return verifySignature(channel[otherRole(payer)].key, digest, signature)',
      'return true',
    ] as const),
  ),
  removal(
    ...(['proofs given up count no more', 'DSP-10', 'resumes', CHALLENGE] as const),
    ...(['status.resume !== undefined && isGivenUp(head, status.resume)', 'false'] as const),
  ),
  removal(
    ...([
      'the base is not older than what was acked',
      'CH-18',
      'resumes and acks',
      RESUME_LANE,
    ] as const),
    ...(['Math.max(peer.acked, party.peer.acked) > own.version', 'false'] as const),
  ),
  removal(
    ...([
      'a payee signs one resume per epoch',
      'CH-18',
      'resumes of a payee',
      RESUME_LANE,
    ] as const),
    ...(['(grantedResume?.point.epoch ?? 0) + 1', 'peer.epoch + 1'] as const),
  ),
  removal(
    ...(['a resume answers one request', 'CH-18', 'resumes', RESUME_LANE] as const),
    ...(['resuming === undefined || !equalBytes(resuming, point.nonce)', 'false'] as const),
  ),
  removal(
    ...(['a resume begins a new epoch', 'CH-18', 'resumes', RESUME_LANE] as const),
    ...([
      'point.epoch <= Math.max(own.epoch, party.own.epoch, ownResume?.point.epoch ?? 0)',
      'false',
    ] as const),
  ),
  removal(
    ...(['a base was signed by who goes on from it', 'CH-18', 'resumes', RESUME_LANE] as const),
    ...([
      'const unsigned = checkSignedLane(chainId, ledger, role, base) ??',
      'const unsigned =',
    ] as const),
  ),
  removal(
    ...(['a resume is of the base shown', 'CH-18', 'resumes', RESUME_LANE] as const),
    ...(['return isSame', 'return true'] as const),
  ),
  removal(
    ...([
      'who goes on keeps what it knows of the other lane',
      'CH-18',
      'resumes',
      RESUME_LANE,
    ] as const),
    ...(['compareVersions(peer, party.peer) < 0 || peer.version < held', 'false'] as const),
  ),
  removal(
    ...(['resumed lanes are solvent', 'CH-18', 'resumes and acks', RESUME_LANE] as const),
    ...(['return isSolvent(ledger, lanes)', 'return true'] as const),
  ),
  removal(
    ...([
      'a payee takes no proof of an epoch that is over',
      'CH-18',
      'resumes of a payee',
      RECEIVE,
    ] as const),
    ...(['if (update.epoch !== epoch)', 'if (false)'] as const),
  ),
  removal(
    ...(['who lost data signs nothing', 'CH-18', 'resumes', PARTY] as const),
    ...([' && party.resuming === undefined', ''] as const),
  ),
]

export const RULE_REMOVALS: readonly RuleRemoval[] = [...OF_LANES, ...OF_DISPUTES]
