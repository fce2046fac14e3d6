import type { ExitPlan, Wallet, WalletChannel } from '@tallystick/client-sdk'
import { printFacts, showProgress } from '@tallystick/daemon'
import { channelTotal, clientPayoutOf } from '@tallystick/protocol'
import { byNumber } from './exit-route.js'
import { type Money, moneyOf, phaseOf, timeText } from './ledger-words.js'
import { openStore, type WalletPlace } from './open-store.js'
import { planFacts, planLines } from './plan-text.js'

export type StatusCommand = WalletPlace & { readonly json?: true }

type Sight = { readonly held: WalletChannel; readonly plan: ExitPlan | undefined }

/** `wallet status`: coins and open channels, as the store and the ledger have them. */
export async function showStatus(options: StatusCommand): Promise<void> {
  const { wallet, ledger, feed, close } = await openStore(options, { as: 'look' })
  try {
    const { onLedger } = await showProgress('asking the node', () => wallet.balance())
    const sights = await Promise.all(
      byNumber(wallet.channels()).map((held) => sightOf(wallet, held)),
    )
    const assets = sights.map(({ held }) => held.party.ledger.asset)
    const money = await moneyOf(ledger, [0, ...assets])
    const { height, time } = feed
    const facts = {
      ...{ chain_id: ledger.chainId, height, time, on_ledger: `${onLedger}` },
      payout_lock: wallet.payoutLock,
      channels: sights.map(factsOf),
    }
    const text = [
      `ledger time ${timeText(time)}, block ${height}`,
      `coins ${money(0, onLedger)}, sent to ${wallet.payoutLock}`,
      ...(sights.length === 0 ? ['no channel is open'] : []),
      ...sights.flatMap((sight) => linesOf(sight, money, time)),
    ]
    printFacts(options.json, facts, text.join('\n'))
  } finally {
    await close()
  }
}

/** The way out of a channel that is on it; of one in use, there is none to show. */
async function sightOf(wallet: Wallet, held: WalletChannel): Promise<Sight> {
  const { id, status } = held.party.ledger
  return { held, plan: status.kind === 'closing' ? await wallet.exitPlan(id) : undefined }
}

function factsOf({ held: { party, books }, plan }: Sight): object {
  const { id, number, asset } = party.ledger
  return {
    ...{ channel: id, number, asset, books, phase: phaseOf(party) },
    total: `${channelTotal(party.ledger)}`,
    yours: books === 'whole' ? `${clientPayoutOf(party)}` : null,
    pending: party.own.items.length + party.peer.items.length,
    exit: plan === undefined ? null : planFacts(plan),
  }
}

function linesOf(
  { held, plan }: Sight,
  money: Money,
  now: Parameters<typeof planLines>[2],
): string[] {
  const { party, books } = held
  const { number, asset } = party.ledger
  const pending = party.own.items.length + party.peer.items.length
  const yours =
    books === 'whole'
      ? `yours     ${money(asset, clientPayoutOf(party))}`
      : 'yours     is not known here: the store is new, or an old copy'
  const lines =
    plan === undefined
      ? [
          `holds     ${money(asset, channelTotal(party.ledger))} for both sides`,
          yours,
          ...(pending > 0 ? [`pending   ${pending} payments`] : []),
          ...(party.phase.kind === 'open' ? [] : [`state     ${party.phase.kind}`]),
        ]
      : planLines(plan, money, now)
  return [`channel ${number}`, ...lines.map((line) => `  ${line}`)]
}
