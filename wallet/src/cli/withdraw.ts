import { randomBytes } from 'node:crypto'
import { type PayoutRecord, WalletError } from '@tallystick/client-sdk'
import { CommandError, EXIT, printableLine, printFacts, showProgress } from '@tallystick/daemon'
import type { ChannelId, LockRoot } from '@tallystick/protocol'
import { type AssetAmounts, assetAmounts, requireDecimal } from './asset-amount.js'
import { confirm } from './confirm.js'
import { interrupted } from './interrupted.js'
import { type HubPlace, orPending, type WalletAtHub, withHub } from './open-with-hub.js'
import { payoutFacts, payoutLines } from './payout-text.js'

export type WithdrawCommand = HubPlace & {
  /** The root of a lock, 32 bytes of hex; absent: the wallet's own coins. */
  readonly to?: LockRoot
  /** Number of the channel; absent: that which has most. */
  readonly channel?: number
  readonly key?: string
  /** Seconds that it is waited for. */
  readonly timeout: number
  readonly yes?: true
  readonly json?: true
}

/**
 * `wallet withdraw`: pays out of a channel that stays in use, to a lock on the ledger or to the wallet's own coins. The same key
 * pays out once, however often it is run. Throws why nothing was begun.
 */
export async function withdrawMoney(typed: string, options: WithdrawCommand): Promise<void> {
  requireDecimal(typed)
  const key = options.key ?? `withdrawal ${randomBytes(8).toString('hex')}`
  await withHub(options, async (at) => {
    const money = await assetAmounts(at.ledger, at.policy.asset)
    const { to } = options
    const channel = options.channel === undefined ? {} : { channel: channelOf(at, options.channel) }
    const wish = { value: money.unitsOf(typed), ...(to && { lock: to }), ...channel }
    if ((await at.wallet.payoutOf(key)) === undefined)
      await agree(at, wish, { money, key, options })
    const payout = await payOnce(at, { key, ...wish }, options.timeout)
    const lines = payoutLines(payout, money)
    printFacts(options.json, payoutFacts(payout, { asset: money.asset, key }), lines.join('\n'))
    process.exitCode = exitOf(payout)
  })
}

type Wish = { readonly value: bigint; readonly lock?: LockRoot; readonly channel?: ChannelId }

function channelOf({ wallet }: WalletAtHub, wanted: number): ChannelId {
  const held = wallet.channels().find(({ party }) => party.ledger.number === wanted)
  if (held !== undefined) return held.party.ledger.id
  throw new CommandError('channel_unknown', `this wallet has no open channel ${wanted}`)
}

/** Shows what it takes, and asks. Throws `not_confirmed`. */
async function agree(
  { wallet }: WalletAtHub,
  wish: Wish,
  {
    money,
    key,
    options: { yes, to },
  }: {
    readonly money: AssetAmounts
    readonly key: string
    readonly options: WithdrawCommand
  },
): Promise<void> {
  const { value, fee } = wallet.quoteWithdrawal(wish)
  const lines = [
    `to pay out  ${money.show(value)}`,
    ...(fee === 0n
      ? []
      : [`fee         ${money.show(fee)} at most; what is not needed stays yours`]),
    `to          ${to ?? "the wallet's own coins"}`,
    `key         ${printableLine(key)}: with --key the same command tells what became of it`,
  ]
  process.stderr.write(`${lines.join('\n')}\n`)
  await confirm(yes, `Pay out ${money.show(value)}`)
}

/** How it stands once it is over, or nobody waits any more. Throws where nothing was begun. */
async function payOnce(
  { wallet, signal }: WalletAtHub,
  wish: Wish & { readonly key: string },
  timeoutSeconds: number,
): Promise<PayoutRecord> {
  const patient = AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1_000)])
  const waiting = 'waiting for hub and ledger; Ctrl-C ends the wait, and the payout goes on'
  try {
    await showProgress(waiting, () =>
      orPending(() => wallet.withdraw({ ...wish, signal: patient })),
    )
  } catch (error) {
    // How it ended is told by the payout itself.
    if (!(error instanceof WalletError && ENDED.has(error.code))) throw error
  }
  const payout = await wallet.payoutOf(wish.key)
  if (payout !== undefined) return payout
  throw interrupted('nothing was begun')
}

const ENDED = new Set(['payout_failed', 'payout_unknown'])

function exitOf({ status }: PayoutRecord): number {
  switch (status) {
    case 'paid':
      return 0
    case 'failed':
      return EXIT.failed
    case 'withdrawing':
    case 'sending':
    case 'unknown':
      return EXIT.pending
  }
}
