import type { StreamRecord, Wallet, WalletChannel } from '@tallystick/client-sdk'
import { printFacts, showProgress } from '@tallystick/daemon'
import type { AssetId, ChannelEnd } from '@tallystick/protocol'
import { endFacts, endLines } from './end-text.js'
import { byNumber } from './exit-route.js'
import { type Money, moneyOf, timeText } from './ledger-words.js'
import { openStore, type WalletPlace } from './open-store.js'
import { endedStreamLine, openStreamFacts, openStreamLine } from './stream-text.js'
import { tradeFacts, tradeLine, tradePage } from './trade-history.js'

export type HistoryCommand = WalletPlace & {
  readonly limit: number
  readonly after?: string
  readonly json?: true
}

/** A channel that is settled; `end`: absent where the node does not keep how. */
type Ended = { readonly held: WalletChannel; readonly end: ChannelEnd | undefined }

/**
 * `wallet history`: invoices, payments, refunds and payouts, newest first, a page of them; and with the first page, the streams
 * that are not over, as many as a page has of those that are, and the channels that are settled: what each paid, penalties and bounties.
 */
export async function showHistory(options: HistoryCommand): Promise<void> {
  const { limit, after, json } = options
  const { wallet, ledger, close } = await openStore(options, { as: 'look' })
  try {
    const { trades, next } = await tradePage(wallet, { after, limit })
    const ended = after === undefined ? await endedChannels(wallet) : []
    const streams = after === undefined ? inAssets(wallet, wallet.stream.list()) : []
    const over = after === undefined ? await endedStreams(wallet, limit) : []
    const money = await moneyOf(ledger, [
      ...[...streams, ...over].map(({ asset }) => asset),
      ...trades.map(({ asset }) => asset),
      ...ended.map(({ held }) => held.party.ledger.asset),
    ])
    const facts = {
      ...{ entries: trades.map(tradeFacts), next: next ?? null },
      streams: streams.map(({ stream, asset }) => openStreamFacts(stream, asset)),
      ended_streams: over.map(({ stream, asset }) => openStreamFacts(stream, asset)),
      channels: ended.map(channelFacts),
    }
    const text = [
      ...(trades.length === 0 ? ['no invoices or payments'] : []),
      ...trades.map((trade) => tradeLine(trade, money)),
      ...(next === undefined ? [] : [`more: wallet history --after ${next}`]),
      ...streams.map(({ stream, asset }) => openStreamLine(stream, asset, money)),
      ...over.map(({ stream, asset }) => endedStreamLine(stream, asset, money)),
      ...(ended.length === 0 && after === undefined ? ['no channel is settled yet'] : []),
      ...ended.map((channel) => channelLines(channel, money)),
    ]
    printFacts(json, facts, text.join('\n'))
  } finally {
    await close()
  }
}

/** Streams that are over, the newest of both directions. */
async function endedStreams(wallet: Wallet, limit: number): Promise<readonly StreamInAsset[]> {
  const [paid, received] = await Promise.all([
    wallet.stream.ended('paid', { limit }),
    wallet.stream.ended('received', { limit }),
  ])
  const newest = [...paid.items, ...received.items].sort((a, b) => b.time - a.time)
  return inAssets(wallet, newest.slice(0, limit))
}

type StreamInAsset = { readonly stream: StreamRecord; readonly asset: AssetId }

/** Streams in the assets of their channels. */
function inAssets(wallet: Wallet, streams: readonly StreamRecord[]): readonly StreamInAsset[] {
  const channels = wallet.allChannels()
  return streams.flatMap((stream) => {
    const held = channels.find(({ party }) => party.ledger.id === stream.channel)
    return held === undefined ? [] : [{ stream, asset: held.party.ledger.asset }]
  })
}

function endedChannels(wallet: Wallet): Promise<readonly Ended[]> {
  const settled = byNumber(wallet.allChannels()).filter(
    ({ party }) => party.phase.kind === 'closed',
  )
  return showProgress('asking how channels ended', () =>
    Promise.all(
      settled.map(async (held) => ({ held, end: await wallet.endOf(held.party.ledger.id) })),
    ),
  )
}

function channelFacts({ held: { party }, end }: Ended): object {
  const { id, number, asset, openedTime } = party.ledger
  return { channel: id, number, asset, opened_time: openedTime, end: endFacts(end) }
}

function channelLines({ held: { party }, end }: Ended, money: Money): string {
  const { number, asset, openedTime } = party.ledger
  const lines = [`opened at ${timeText(openedTime)}`, ...endLines(end, asset, money)]
  return [`channel ${number}`, ...lines.map((line) => `  ${line}`)].join('\n')
}
