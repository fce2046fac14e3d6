import type { Edit } from '../mutation/patched-build.js'

/*
 * Every rule of design §5 and §6, each as the edit that takes it out of the production code, with the
 * world in which that is noticed first. What is durable before what is sent is a rule of the shells,
 * which the explorer stands in for: there the edit is of the explorer's own shell.
 *
 * No rows, because no invariant of the honest side hangs on them alone: that a payee takes no update
 * of another epoch (the proof that it calculates would not be the one that is signed; the row is of
 * that), that it grants nothing at a time of loss (its own resume has to be later already), and that
 * who has lost data holds back links and promises (what it shows then is the other side's to win
 * only where it takes proofs again; the row is of that).
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
const APPLY = 'settlement/src/core/apply-operation.ts'
const APPLY_WITHDRAW = 'settlement/src/core/apply-withdraw.ts'
const REVEALS = 'settlement/src/core/reveal-record.ts'
const DUTIES = 'client-sdk/src/guard/duties.ts'
const ROUTING = 'hub/src/core/routing.ts'

/** Name, rule, world, file, and what is replaced by what in its compiled form. */
type Row = readonly [
  name: string,
  rule: string,
  world: string,
  file: string,
  find: string,
  replace: string,
]

/** The rules of the lanes: design §5. */
const OF_LANES: readonly Row[] = [
  [
    'a version follows the one before',
    'CH-6.1',
    'payments',
    RECEIVE,
    'update.version !== peer.version + 1',
    'false',
  ],
  ['an ack never falls', 'CH-6.1', 'payments', RECEIVE, 'update.acked < peer.acked', 'false'],
  [
    'an ack names what was sent',
    'CH-6.1',
    'payments',
    RECEIVE,
    'update.acked > own.version',
    'false',
  ],
  [
    'a payee asks for solvency',
    'CH-6.2',
    'poor',
    RECEIVE,
    'return promised + reserve <= means',
    'return true',
  ],
  [
    'a payer keeps to its solvency',
    'CH-6.2',
    'poor',
    DRAFT,
    "change.kind === 'add' && spendable(drafted) < 0n",
    'false',
  ],
  [
    'what a withdrawal may take counts as gone',
    'CH-17',
    'withdrawals',
    SPENDABLE,
    'return due > 0n ? stake - due : stake',
    'return stake',
  ],
  [
    'what is redeemed is transferred',
    'CH-6.3',
    'payments',
    CHANGE,
    'lane.transferred + claimableOf(item, index)',
    'lane.transferred',
  ],
  [
    'what is partly redeemed stays pending',
    'CH-6.3',
    'streams',
    CHANGE,
    'const items = index === item.ticks',
    'const items = index > 0',
  ],
  ['paid ticks are counted', 'CH-6.3', 'streams', CHANGE, 'paidUpTo(item, index)', 'item'],
  ['only the payee cancels', 'CH-6.3', 'payments', RECEIVE, 'return note.declined', 'return true'],
  [
    'an item expires after its time',
    'CH-6.3',
    'payments',
    RECEIVE,
    'now <= item.expiry || note.onLedger > item.paid',
    'note.onLedger > item.paid',
  ],
  [
    'what was revealed in time does not expire',
    'CH-6.3',
    'expiries of the peer',
    RECEIVE,
    'now <= item.expiry || note.onLedger > item.paid',
    'now <= item.expiry',
  ],
  [
    'a payer takes nothing back before its time',
    'CH-6.3',
    'expiries',
    DRAFT,
    'owed || now <= item.expiry + EXPIRE_GRACE_SECONDS',
    'false',
  ],
  [
    'a cancelled item is owed until the payee acks',
    'CH-6.3',
    'routing',
    RECEIVE,
    'party.cancelling.filter(({ version }) => version <= update.acked)',
    'party.cancelling',
  ],
  [
    'a lane is bounded in items',
    'CH-6.4',
    'poor',
    DRAFT,
    'if (lane.items.length >= itemsMax)',
    'if (false)',
  ],
  [
    'an item has a least amount',
    'CH-6.4',
    'poor',
    DRAFT,
    'unit * BigInt(ticks) < itemAmountMin',
    'false',
  ],
  ['an expiry is bounded', 'CH-6.4', 'poor', DRAFT, 'expiry > expiryMax', 'false'],
  [
    'a proof is signed by its payer',
    'CH-5',
    'payments',
    RECEIVE,
    'return verify(chainId, ledger[payer].key, digest, evidence)',
    'return true',
  ],
  [
    'a batch binds its leaves',
    'SIG-4',
    'payments',
    EVIDENCE,
    'return signed !== undefined &&',
    "return evidence.kind === 'batch' || signed !== undefined &&",
  ],
  [
    'durable before sent',
    'CH-6.5',
    'crashes',
    'test/explorer/channel-batch.ts',
    'const died = { ...state, ',
    'const died = { ...next, given, ',
  ],
  [
    'preimages are taken before a margin only',
    'CH-6.5',
    'routing and expiries',
    CLAIM,
    'now > item.expiry - CLAIM_MARGIN_SECONDS',
    'now > item.expiry',
  ],
  ['who left or was left signs no more', 'CH-6.6', 'closing', PARTY, ' && !isClosing(ledger)', ''],
  [
    'who agreed to close signs no more',
    'CH-6.6',
    'close agreements',
    PARTY,
    "(kind === 'open' || kind === 'draining')",
    "(kind === 'open' || kind === 'agreed')",
  ],
  [
    'an agreement pays what the books say',
    'CH-12',
    'close agreements',
    CLOSE,
    'return clientPayout === due',
    'return true',
  ],
  [
    'an agreement waits for pending items',
    'CH-12',
    'close agreements of a hub',
    CLOSE,
    'if (!isQuiescent(party))',
    'if (false)',
  ],
  [
    'an agreement binds until it lapses',
    'CH-12',
    'close agreements',
    CLOSE,
    "party.phase.kind === 'agreed' && now > party.phase.validUntil",
    "party.phase.kind === 'agreed'",
  ],
  [
    'an agreement ends',
    'CH-12',
    'close agreements',
    APPLY,
    'if (run.time > validUntil)',
    'if (false)',
  ],
  [
    'a side withdraws what it has',
    'CH-17',
    'withdrawals',
    WITHDRAWAL,
    'return withdrawn - before <= most',
    'return true',
  ],
  [
    'a withdrawal binds until it lapses',
    'CH-17',
    'withdrawals',
    WITHDRAWAL,
    'now > pending.validUntil',
    'true',
  ],
  [
    'a withdrawal ends',
    'OP-11',
    'withdrawals',
    APPLY_WITHDRAW,
    'if (run.time > validUntil)',
    'if (false)',
  ],
  [
    'a withdrawal counts once',
    'OP-11',
    'withdrawals',
    APPLY_WITHDRAW,
    'if (withdrawn <= side.withdrawn)',
    'if (false)',
  ],
  [
    'a claim downstream is a claim upstream',
    'HUB-4',
    'routing',
    ROUTING,
    'const party = learnLink(payer.party, origin.otherId, known)',
    'const party = payer.party',
  ],
]

/** The rules of disputes: design §6. */
const OF_DISPUTES: readonly Row[] = [
  [
    'an asserted lane acks what is there',
    'DSP-3',
    'payments',
    DISPUTE,
    'own.acked > peer.version || ',
    '',
  ],
  [
    'a chosen lane acks what is asserted',
    'DSP-3',
    'payments',
    DISPUTE,
    ' || (!unsure && peer.acked > own.version)',
    '',
  ],
  [
    'asserted lanes are solvent',
    'DSP-3',
    'payments',
    DISPUTE,
    '!unsure && !isSolvent(channel, lanes)',
    'false',
  ],
  [
    'a chosen proof is signed',
    'DSP-2',
    'payments',
    DISPUTE,
    'checkSignedLane(chainId, channel, otherRole(by), assertion.peer) ??',
    '',
  ],
  ['a newer proof is stale evidence', 'DSP-4', 'payments', CHALLENGE, 'order > 0 ||', ''],
  [
    'more transferred is stale evidence',
    'DSP-4',
    'payments',
    CHALLENGE,
    'shown.transferred > asserted.transferred ||',
    '',
  ],
  [
    'more acked is stale evidence',
    'DSP-4',
    'payments',
    CHALLENGE,
    'shown.acked > asserted.acked ||',
    '',
  ],
  [
    'another content is stale evidence',
    'DSP-4',
    'payments',
    CHALLENGE,
    'order === 0 && ',
    'false && ',
  ],
  [
    'a substitute is no older than what was acked',
    'DSP-4',
    'payments',
    CHALLENGE,
    '(!stale || status.unsure) && head.version < chosen.acked',
    'false',
  ],
  [
    'a substitute needs no lie',
    'DSP-4',
    'payments',
    CHALLENGE,
    '(!stale || status.unsure) && head.version < chosen.acked',
    '!stale',
  ],
  [
    'a proof of a challenge is signed',
    'DSP-4',
    'payments',
    CHALLENGE,
    'const refusal = checkSignedLane(chainId, channel, by, proof) ??',
    'const refusal =',
  ],
  [
    'stale evidence brings an own lane',
    'DSP-5',
    'payments',
    CHALLENGE,
    'proof.lane.acked > chosen.version : stale)',
    'proof.lane.acked > chosen.version : false)',
  ],
  [
    'an own lane comes with stale evidence only',
    'DSP-5',
    'payments',
    CHALLENGE,
    'proof.lane.acked > chosen.version : stale)',
    'proof.lane.acked > chosen.version : true)',
  ],
  [
    'only the other side answers',
    'OP-5',
    'payments',
    APPLY,
    'const unsigned = run.requireSigner(challenger,',
    'const unsigned = void (challenger,',
  ],
  [
    'a guard is appointed by its owner',
    'DSP-11',
    'payments',
    APPOINTMENT,
    'return verifySignature(channel[owner].key, digest, signature)',
    'return true',
  ],
  [
    'the newest of several wins',
    'DSP-4',
    'guards',
    ANSWERED,
    'isShown && compareLanes(',
    'false && compareLanes(',
  ],
  [
    "an owner's word goes before its guard's",
    'DSP-11',
    'guards',
    CHALLENGE,
    'guard === undefined\n        ? answeredByOwner',
    'guard !== null\n        ? answeredByOwner',
  ],
  ['who lied is penalized', 'DSP-6', 'penalties', SETTLEMENT, 'if (!penalized)', 'if (true)'],
  [
    'who answers itself owes no bounty',
    'DSP-11',
    'guards',
    SETTLEMENT,
    'challenged || replaced ? undefined : ',
    '',
  ],
  ['a window ends', 'DSP-4', 'payments', CHALLENGE, 'now > status.deadline', 'false'],
  ['a window lasts', 'DSP-7', 'payments', DISPUTE, 'now <= status.deadline', 'false'],
  [
    'a reveal counts until the expiry',
    'DSP-6',
    'payments',
    REVEALS,
    'step.time <= notAfter',
    'true',
  ],
  [
    'what is undecided waits',
    'DSP-6',
    'routing',
    SETTLEMENT,
    '(now > item.expiry ? certain(item) : item.ticks)',
    'certain(item)',
  ],
  [
    'a hub is never unsure',
    'DSP-9',
    'payments',
    DISPUTE,
    "if (unsure && by === 'hub')",
    'if (false)',
  ],
  [
    'who is unsure has not lied',
    'DSP-9',
    'resumes',
    CHALLENGE,
    '!status.unsure && (evidence.stale',
    '(evidence.stale',
  ],
  [
    'of the unsure an own lane needs an ack',
    'DSP-9',
    'unsure',
    CHALLENGE,
    '(unsure ? proof.lane.acked > chosen.version : stale)',
    '(unsure || stale)',
  ],
  [
    'an unsure assertion may lag',
    'DSP-9',
    'unsure',
    DISPUTE,
    '!unsure && peer.acked > own.version',
    'peer.acked > own.version',
  ],
  [
    'who goes on shows its resume',
    'DSP-10',
    'resumes of a payee',
    DISPUTE,
    'return own.epoch === 0',
    'return true',
  ],
  [
    'an asserted lane is under its resume',
    'DSP-10',
    'resumes of a payee',
    DISPUTE,
    'return isUnderResume(laneHead(chainId, channel, by, own), resume.point)',
    'return true',
  ],
  [
    'a resume is signed by the payee',
    'DSP-10',
    'resumes of a payee',
    RESUME,
    'return verifySignature(channel[otherRole(payer)].key, digest, signature)',
    'return true',
  ],
  [
    'proofs given up count no more',
    'DSP-10',
    'resumes',
    CHALLENGE,
    'status.resume !== undefined && isGivenUp(head, status.resume)',
    'false',
  ],
  [
    'the base is not older than what was acked',
    'CH-18',
    'resumes and acks',
    RESUME_LANE,
    'Math.max(peer.acked, party.peer.acked) > own.version',
    'false',
  ],
  [
    'a payee signs one resume per epoch',
    'CH-18',
    'resumes of a payee',
    RESUME_LANE,
    'now <= Math.max(forgotten, before?.point.epoch ?? 0)',
    'now <= forgotten',
  ],
  [
    'a resume answers one request',
    'CH-18',
    'resumes',
    RESUME_LANE,
    'resuming === undefined || !equalBytes(resuming, point.nonce)',
    'false',
  ],
  [
    'a resume begins a new epoch',
    'CH-18',
    'resumes for nothing',
    RESUME_LANE,
    'point.epoch <= Math.max(own.epoch, party.own.epoch, ownResume?.point.epoch ?? 0)',
    'false',
  ],
  [
    'who lost data goes on in an epoch after the loss',
    'CH-18',
    'resumes',
    RESUME_LANE,
    'lostAt !== undefined && point.epoch <= lostAt',
    'false',
  ],
  [
    'who lost data takes proofs of a lane that goes on after the loss',
    'CH-18',
    'resumes of a payee',
    RECEIVE,
    'party.lostAt !== undefined && epoch <= party.lostAt',
    'false',
  ],
  [
    'who lost data is unsure until the other lane has gone on',
    'CH-18',
    'resumes of a payee',
    DUTIES,
    'unsure: party.lostAt !== undefined',
    'unsure: party.resuming !== undefined',
  ],
  [
    'a base was signed by who goes on from it',
    'CH-18',
    'resumes',
    RESUME_LANE,
    'const unsigned = checkSignedLane(chainId, ledger, role, base) ??',
    'const unsigned =',
  ],
  ['a resume is of the base shown', 'CH-18', 'resumes', RESUME_LANE, 'if (!isSame)', 'if (false)'],
  [
    'what was given up is no base',
    'CH-18',
    'resumes for nothing',
    RESUME_LANE,
    'ownResume !== undefined && isGivenUp(head, ownResume.point)',
    'false',
  ],
  [
    'who goes on keeps what it knows of the other lane',
    'CH-18',
    'resumes and acks',
    RESUME_LANE,
    'compareVersions(peer, party.peer) < 0 || peer.version < held',
    'false',
  ],
  [
    'who goes on keeps the items that it holds',
    'CH-18',
    'resumes of a payee',
    RESUME_LANE,
    'worthOfHeld(party, peer, now) < worthOfHeld(party, party.peer, now)',
    'false',
  ],
  [
    'resumed lanes are solvent',
    'CH-18',
    'resumes for nothing',
    RESUME_LANE,
    "return covers('client') && covers('hub')",
    'return true',
  ],
  [
    'a payee takes no proof of an epoch that is over',
    'CH-18',
    'resumes of a payee',
    RECEIVE,
    'const { peer, grantedResume } = party',
    'const { peer } = party, grantedResume = update.epoch === 0 ? undefined : party.grantedResume',
  ],
  [
    'who lost data signs nothing',
    'CH-18',
    'resumes',
    PARTY,
    'const { role, resuming, lostAt, grantedResume } = party',
    'const { role, grantedResume } = party, [resuming, lostAt] = []',
  ],
]

export const RULE_REMOVALS: readonly RuleRemoval[] = [...OF_LANES, ...OF_DISPUTES].map(
  ([name, rule, world, file, find, replace]) => ({
    ...{ name, rule, world },
    edits: [{ file, find, replace }],
  }),
)
