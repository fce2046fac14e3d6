import type { WalletChannel } from '@tallystick/client-sdk'
import { endFacts, endLines } from './end-text.js'
import { byNumber } from './exit-route.js'
import { moneyOf, timeText } from './ledger-words.js'
import { openStore, type WalletPlace } from './open-store.js'
import { printFacts } from './print-facts.js'
import { showProgress } from './progress.js'

export type HistoryCommand = WalletPlace & { readonly json?: true }

/** `wallet history`: the channels that are settled: what each paid, penalties and bounties. */
export async function showHistory(options: HistoryCommand): Promise<void> {
  const { wallet, ledger, close } = await openStore(options, { as: 'look' })
  try {
    const settled = byNumber(wallet.allChannels()).filter(
      ({ party }) => party.phase.kind === 'closed',
    )
    const ended = await showProgress('asking how channels ended', () =>
      Promise.all(settled.map(async (held) => ({ held, end: await wallet.endOf(idOf(held)) }))),
    )
    const money = await moneyOf(
      ledger,
      settled.map(({ party }) => party.ledger.asset),
    )
    const channels = ended.map(({ held: { party }, end }) => {
      const { id, number, asset, openedTime } = party.ledger
      return { channel: id, number, asset, opened_time: openedTime, end: endFacts(end) }
    })
    const text = ended.map(({ held: { party }, end }) => {
      const { number, asset, openedTime } = party.ledger
      const lines = [`opened at ${timeText(openedTime)}`, ...endLines(end, asset, money)]
      return [`channel ${number}`, ...lines.map((line) => `  ${line}`)].join('\n')
    })
    printFacts(
      options.json,
      { channels },
      text.length === 0 ? 'no channel is settled yet' : text.join('\n'),
    )
  } finally {
    await close()
  }
}

function idOf({ party }: WalletChannel) {
  return party.ledger.id
}
