import type { CloseLie, Deed, Delay, Lie } from './action.js'
import { agreementCycle } from './agreement-cycle.js'
import { HUB } from './hub-actor.js'
import { paymentFrom } from './payment-plan.js'
import type { Random } from './random.js'
import type { Trade } from './trade.js'

/** What one liar does all the time. */
type Role = {
  readonly how?: Lie['how']
  /** Of 1,000 messages to how many; absent: to all. */
  readonly share?: number
  readonly delay?: Delay
  /** With what it force-closes its channels now and then; absent: it does not. */
  readonly close?: CloseLie
}

/** An attack of liars who know what the others do: a hub, clients, or both together. */
type Scheme = {
  readonly hub?: Role
  readonly clients: readonly Role[]
  /** How many towers watch, while owners go away for longer than a dispute lasts; absent: none. */
  readonly towers?: number
  /** Who loses disks now and then; absent: nobody. */
  readonly forgetful?: readonly ('hub' | 'wallets')[]
  /** Of 1,000 deeds, how many are copies of disks that are kept, and as many losses; absent: few. */
  readonly losses?: number
  /** What happens, again and again; absent: payments, and what belongs to the scheme in between. */
  readonly cycle?: typeof agreementCycle
  /** Without which trade there is nothing to attack; absent: it takes plain payments. */
  readonly trade?: Trade
  /** How many times as many events it takes to see what becomes of it; absent: as many. */
  readonly length?: number
}

/** Each is tried by seeds of its own; single lies in any order are tried by all others. */
export const SCHEMES = {
  /** Gives an item up, and claims it with the proof from before. */
  claimWhatWasCancelled: { clients: [{ how: 'declineClaims', close: 'mostPaid' }] },
  /** A hub that does so to payers. */
  claimWhatItCancelled: { hub: { how: 'declineClaims', close: 'mostPaid' }, clients: [] },
  forgedClaims: { clients: [{ how: 'forgeClaims' }] },
  forgedReceipts: { hub: { how: 'forgeClaims' }, clients: [] },
  /** The payee claims when the hub can claim no more from a payer that pays nobody. */
  lateClaims: {
    clients: [{ how: 'lateClaims', delay: 'noReveals' }, { how: 'refuseToPay' }],
  },
  lateReveals: {
    clients: [
      { how: 'withholdPreimages', delay: 'lateReveals', close: 'mostPaid' },
      { how: 'refuseToPay' },
    ],
  },
  /** The payee shows a preimage to the ledger alone, and the payer takes the item back. */
  takeBackWhatIsRevealed: { clients: [{ how: 'withholdPreimages' }, { how: 'refuseToPay' }] },
  /** The hub keeps what it claims from payers. */
  keepPayments: { hub: { how: 'refuseToPay' }, clients: [] },
  underpay: { hub: { how: 'underpay' }, clients: [] },
  /** The hub agrees to close, goes on when it seems forgotten, and closes at the last moment. */
  sitOnAgreements: { hub: { delay: 'lateCloses' }, clients: [], cycle: agreementCycle, length: 4 },
  lateChallenges: { hub: { delay: 'lateChallenges' }, clients: [{ close: 'stale' }] },
  /** A close that is old by one version only, and pays the same but for an item. */
  justBefore: { clients: [{ how: 'withholdPreimages' }, { close: 'previous' }] },
  /** The hub closes with what is old while owners are away, and a tower watches. */
  closeWhileAway: { hub: { close: 'stale' }, clients: [], towers: 1 },
  /** The same with items left out: nobody lied by the ledger's rules, and yet there is more to show. */
  closeForLessWhileAway: { hub: { close: 'mixed' }, clients: [], towers: 2 },
  /** Owners lose their disks, and the hub shows and closes with less than it has signed. */
  lieToWhoLostAll: {
    hub: { how: 'oldResumes', close: 'stale' },
    clients: [],
    towers: 1,
    forgetful: ['wallets'],
  },
  /** And says nothing to them, so that they leave without knowing all. */
  silentToWhoLostAll: {
    hub: { how: 'withholdResumes', close: 'previous' },
    clients: [],
    towers: 1,
    forgetful: ['wallets'],
  },
  /** Nobody lies, and every disk is lost again and again. */
  everyDiskIsLost: { clients: [], forgetful: ['hub', 'wallets'], losses: 120 },
  /** Some parts of a payment are never promised. */
  payPartOfIt: { clients: [{ how: 'dropChanges', share: 300 }], trade: 'parts' },
  /** Of the parts that its channels carry, the hub shows no preimage to the payer, and closes with what it had before. */
  keepSomeParts: {
    hub: { how: 'withholdPreimages', close: 'previous' },
    clients: [],
    trade: 'parts',
  },
  /** The hub keeps letters to itself; a payer announces more than it pays. */
  loseLetters: { hub: { how: 'withholdLetters', share: 500 }, clients: [], trade: 'letters' },
  payLessThanAnnounced: { clients: [{ how: 'underpay', share: 500 }], trade: 'letters' },
  /** The hub sits on withdrawals, and closes with what is old; a client with what it had before it withdrew. */
  sitOnWithdrawals: {
    hub: { delay: 'lateCloses', close: 'stale' },
    clients: [],
    trade: 'withdrawals',
    length: 2,
  },
  closeWithWhatIsWithdrawn: { clients: [{ close: 'stale' }], trade: 'withdrawals' },
  /** A payee claims ticks that it was not shown, and closes with what pays it most. */
  claimTicksNotShown: { clients: [{ how: 'overclaim', close: 'mostPaid' }], trade: 'streams' },
  hubClaimsTicksNotShown: {
    hub: { how: 'overclaim', close: 'mostPaid' },
    clients: [],
    trade: 'streams',
  },
  /** A payer pays fewer ticks than it has shown, and closes with what it held in the middle of a stream. */
  takeTicksBack: { clients: [{ how: 'takeBackTicks', close: 'previous' }], trade: 'streams' },
  hubTakesTicksBack: {
    hub: { how: 'takeBackTicks', share: 500, close: 'stale' },
    clients: [],
    trade: 'streams',
  },
  /** A payee says that it gives back what it takes, and claims it on the ledger; or says that it takes it when it is late. */
  claimWhatWasVoided: { clients: [{ how: 'declineClaims', close: 'mostPaid' }], trade: 'holds' },
  captureLate: {
    clients: [{ how: 'lateClaims', delay: 'noReveals' }, { how: 'refuseToPay' }],
    trade: 'holds',
  },
  /** The hub keeps to itself that a payee took what it held, and closes with what it had before. */
  keepWhatIsCaptured: {
    hub: { how: 'withholdPreimages', close: 'previous' },
    clients: [],
    trade: 'holds',
  },
  /** A customer says that it takes no refund, and claims it on the ledger; its merchant pays back once more. */
  claimRefundTwice: { clients: [{ how: 'declineClaims', close: 'mostPaid' }], trade: 'refunds' },
  /** The hub shows no merchant that a refund was taken, and closes with what it had before. */
  keepRefunds: {
    hub: { how: 'withholdPreimages', close: 'previous' },
    clients: [],
    trade: 'refunds',
  },
} as const satisfies Record<string, Scheme>

export type SchemeName = keyof typeof SCHEMES

const ALL_NAMES = Object.keys(SCHEMES) as readonly SchemeName[]
/** Schemes with towers or lost disks are played by seeds of their own (`care-setup.ts`). */
export const SCHEME_NAMES = ALL_NAMES.filter(
  (name) => !isOfCare(schemeOf(name)) && !isOfTrade(name),
)
export const CARE_SCHEME_NAMES = ALL_NAMES.filter((name) => isOfCare(schemeOf(name)))

/** Schemes against one of these trades. */
export function tradeSchemes(trades: readonly Trade[]): readonly SchemeName[] {
  return ALL_NAMES.filter((name) => trades.some((trade) => trade === schemeOf(name).trade))
}

function isOfTrade(name: SchemeName): boolean {
  return schemeOf(name).trade !== undefined
}

function isOfCare({ towers = 0, forgetful = [] }: Scheme): boolean {
  return towers > 0 || forgetful.length > 0
}

export function schemeOf(name: SchemeName): Scheme {
  return SCHEMES[name]
}

/** Who plays which part: the hub, and the first wallets. */
function cast(name: SchemeName): readonly (readonly [string, Role])[] {
  const { hub, clients } = schemeOf(name)
  const wallets = clients.map((role, number) => [`w${number}`, role] as const)
  return hub === undefined ? wallets : [[HUB, hub], ...wallets]
}

/** What liars do from the start on. */
export function* openingMoves(name: SchemeName): Generator<Deed> {
  for (const [liar, { how, share = 1_000, delay }] of cast(name)) {
    if (how !== undefined) yield { kind: 'lie', liar, lie: { how, share } }
    if (delay !== undefined) yield { kind: 'delay', liar, delay }
  }
}

/** What happens next, if it is anything that the scheme is about. */
export function moveOf(random: Random, name: SchemeName, wallets: readonly string[]) {
  const closers = cast(name).flatMap(([liar, { close }]) => (close ? [{ liar, how: close }] : []))
  const chance = random.int(0, 999)
  if (closers.length > 0 && chance < 25) {
    return { kind: 'lyingClose', ...random.pick(closers), channel: random.int(0, 7) } as const
  }
  // Who has left comes back, or there is nothing left to attack.
  if (chance >= 25 && chance < 75) {
    return { kind: 'open', wallet: random.pick(wallets), deposit: 1_000_000 } as const
  }
  // Who lies as payer and who lies as payee meet.
  if (schemeOf(name).clients.length > 1 && chance >= 200 && chance < 500) {
    return paymentFrom(random, 'w1', 'w0')
  }
  return undefined
}
