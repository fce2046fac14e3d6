import {
  type Balance,
  type BlockFeed,
  type ExitPlan,
  type KeptCopy,
  type Wallet,
  type WalletChannel,
  WalletError,
  type WalletNotice,
} from '@tallystick/client-sdk'
import { type AssetId, channelTotal, clientPayoutOf, timestamp } from '@tallystick/protocol'
import { type BackupFile, backupFacts, clockSeconds } from './backup-file.js'
import { byNumber } from './exit-route.js'
import { type Money, spanText, timeText } from './ledger-words.js'
import { planFacts, planLines } from './plan-text.js'

/** What a restore was made from. */
export type Sources = {
  readonly backup: BackupFile | undefined
  readonly copies: readonly KeptCopy[]
  readonly notices: readonly WalletNotice[]
  /** `silent`: it did not answer in time; `none`: no hub is known. */
  readonly hub: 'answered' | 'silent' | 'none'
}

/** Where one channel stands after a restore. */
export type View = {
  readonly held: WalletChannel
  readonly asset: AssetId
} /** The hub has said from where to go on: it can be used. */ & (
  | { readonly kind: 'resumed' }
  /** The store was there, and lacks nothing that it knows of; the hub has not said anything. */
  | { readonly kind: 'whole' }
  /** Somebody closes it, or it is being left. */
  | { readonly kind: 'leaving'; readonly plan: ExitPlan | undefined }
  /** The hub has not; `plan`: what leaving it unsure would bring. */
  | { readonly kind: 'waiting'; readonly plan: ExitPlan | undefined }
)

/** The channels that are not settled. */
export async function viewsOf(wallet: Wallet, hub: Sources['hub']): Promise<readonly View[]> {
  return Promise.all(
    byNumber(wallet.channels()).map(async (held): Promise<View> => {
      const { party, books } = held
      const { id, asset, status } = party.ledger
      if (status.kind === 'closing') {
        return { kind: 'leaving', held, asset, plan: await wallet.exitPlan(id) }
      }
      if (books === 'whole' && party.resuming === undefined) {
        return { kind: hub === 'answered' ? 'resumed' : 'whole', held, asset }
      }
      return { kind: 'waiting', held, asset, plan: await wallet.exitPlan(id, { unsure: true }) }
    }),
  )
}

export function isWaiting({ kind }: View): boolean {
  return kind === 'waiting'
}

/** What a restore found and where everything stands, for programs. */
export function restoreFacts(
  sources: Sources,
  views: readonly View[],
  balance: Balance,
  { ledger, height, time }: BlockFeed,
): object {
  const { backup, copies, hub } = sources
  const taken = takenBackup(sources)
  return {
    ...{ chain_id: ledger.chainId, height, time, hub, on_ledger: `${balance.onLedger}` },
    file: backup === undefined ? null : backupFacts(backup, clockSeconds()),
    taken: taken ?? null,
    problems: problemsOf(sources),
    towers: copies.map(copyFacts),
    channels: views.map(viewFacts),
  }
}

/** The backup that the store was filled from; absent: none, or the store was there already. */
function takenBackup({ backup, notices }: Sources) {
  const notice = notices.find(({ kind }) => kind === 'restored')
  if (notice?.kind !== 'restored') return undefined
  const { version, time } = notice
  return { version, time, from: version === backup?.content.version ? 'file' : 'hub' }
}

function problemsOf({ notices }: Sources): readonly { code: string; detail: string }[] {
  return notices.flatMap((notice) =>
    notice.kind === 'problem' ? { code: notice.code, detail: notice.detail } : [],
  )
}

/** Whether the store may lack what a backup of the hub holds. */
export function lacksBackup(sources: Sources): boolean {
  return problemsOf(sources).some(({ code }) => LACKING.has(code))
}

const LACKING: ReadonlySet<string> = new Set(['backup_unreachable', 'backup_missed'])

function copyFacts({ tower, channel, outcome }: KeptCopy): object {
  const { id, number } = channel
  if (outcome === undefined) return { tower, channel: id, number, kept: null }
  if (outcome instanceof WalletError) {
    const { code, message: detail } = outcome
    return { tower, channel: id, number, problem: { code, detail } }
  }
  const { own, proof } = outcome
  const kept = { own: own?.lane.version ?? 0, received: proof?.lane.version ?? 0 }
  return { tower, channel: id, number, kept }
}

function viewFacts({ kind, held, ...rest }: View): object {
  const { id, number, asset } = held.party.ledger
  const plan = 'plan' in rest ? rest.plan : undefined
  return {
    ...{ channel: id, number, asset, state: kind },
    total: `${channelTotal(held.party.ledger)}`,
    yours: kind === 'resumed' || kind === 'whole' ? `${clientPayoutOf(held.party)}` : null,
    exit: plan === undefined ? null : planFacts(plan),
  }
}

type Telling = {
  readonly money: Money
  readonly feed: BlockFeed
  readonly options: { readonly keys: string; readonly store: string; readonly ledger: string }
}

/** The same for people. */
export function restoreLines(
  sources: Sources,
  views: readonly View[],
  { onLedger }: Balance,
  telling: Telling,
): string {
  const { money, feed, options } = telling
  const waiting = views.filter(isWaiting).length
  return [
    `ledger time ${timeText(feed.time)}, block ${feed.height}`,
    `coins ${money(0, onLedger)}`,
    ...backupSaid(sources, feed),
    ...sources.copies.map(copyLine),
    ...(views.length === 0 ? ['the ledger shows no channel of these words'] : []),
    ...views.flatMap((view) => viewLines(view, telling)),
    ...problemsOf(sources).map(({ code, detail }) => `problem   ${code}: ${detail}`),
    ...(lacksBackup(sources) ? [UNREACHABLE] : []),
    ...(waiting === 0 ? [] : adviceOf(sources, options)),
  ].join('\n')
}

function backupSaid(sources: Sources, { time: now }: BlockFeed): string[] {
  const taken = takenBackup(sources)
  if (taken === undefined)
    return ['backup    none was taken: there is none, or the store was there']
  const age = spanText(Math.max(0, now - taken.time))
  const whose = taken.from === 'file' ? 'of the file' : 'that the hub keeps'
  return [
    `backup    version ${taken.version} ${whose}, of ${timeText(timestamp(taken.time))}, ${age} old`,
  ]
}

function copyLine({ tower, channel: { number }, outcome }: KeptCopy): string {
  const said =
    outcome === undefined
      ? 'keeps nothing'
      : outcome instanceof WalletError
        ? `${outcome.code}: ${outcome.message}`
        : `has seen version ${outcome.proof?.lane.version ?? 0} of the hub and ${outcome.own?.lane.version ?? 0} of yours`
  return `tower     ${tower}, channel ${number}: ${said}`
}

function viewLines({ held: { party }, ...view }: View, { money, feed }: Telling): string[] {
  const { number, asset } = party.ledger
  switch (view.kind) {
    case 'resumed':
    case 'whole':
      return [
        `channel ${number}: ${view.kind === 'resumed' ? 'resumed, and in use' : 'whole in this store; the hub has not said whether it goes on'}`,
        `  yours     ${money(asset, clientPayoutOf(party))}`,
      ]
    case 'leaving':
    case 'waiting': {
      const lines = view.plan === undefined ? [] : planLines(view.plan, money, feed.time)
      const said =
        view.kind === 'leaving'
          ? 'closing already'
          : 'waits for its resume: nothing is signed on it. Left unsure now it would bring:'
      return [`channel ${number}: ${said}`, ...lines.map((line) => `  ${line}`)]
    }
  }
}

const UNREACHABLE =
  'What only the hub keeps (open invoices, keys of payments) is not in this store: when it is back, take\n' +
  'another new one before this one is used for more than leaving.'

/** What to do about channels that still wait. */
function adviceOf(sources: Sources, { keys, store, ledger }: Telling['options']): string[] {
  const isLostTwice = problemsOf(sources).some(({ code }) => code === 'both_lost_data')
  return [
    ...(isLostTwice
      ? LOST_TWICE
      : [`${WHY[sources.hub]} Run the same command again later. What you`, LATER]),
    'Without it the money comes home with',
    `  wallet exit --keys ${keys} --store ${store} --ledger ${ledger} --unsure`,
    'with a longer window and no penalty.',
  ]
}

const WHY: Readonly<Record<Sources['hub'], string>> = {
  answered: 'The hub has answered, and has not let every channel go on (see the problems above).',
  silent: 'The hub is silent.',
  none: 'No hub was asked: --hub names it.',
}

const LATER = 'received and no backup or watchtower shows, only the hub can bring back.'

/** CH-18: no later run changes that; there are two ways, and one that is none. */
const LOST_TWICE = [
  'The hub has lost data as well (both_lost_data): running this again later changes nothing. The channel goes on',
  'only with the store that was lost, if it is found, its mark with it, or with the newest journal of the hub.',
  'What a watchtower keeps (--tower) lets nobody sign, and is shown when you leave: name it before you do.',
]
