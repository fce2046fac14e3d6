import { type WalletChannel, WalletError } from '@tallystick/client-sdk'
import { CommandError, EXIT, printFacts, showProgress } from '@tallystick/daemon'
import { clientPayoutOf } from '@tallystick/protocol'
import { confirm } from './confirm.js'
import { endFacts, endLines } from './end-text.js'
import { byNumber } from './exit-route.js'
import { type Money, moneyOf } from './ledger-words.js'
import { type HubPlace, orPending, type WalletAtHub, withHub } from './open-with-hub.js'

export type CloseCommand = HubPlace & {
  readonly alone?: true
  readonly yes?: true
  readonly json?: true
}

type Ending =
  | { readonly status: 'closed'; readonly end: object | null }
  | { readonly status: 'pending' }
  /** Left without the hub already. */
  | { readonly status: 'closing' }
  | { readonly status: 'refused'; readonly code: string; readonly detail: string }

/** How the closing of one channel went. */
type Closed = {
  readonly held: WalletChannel
  readonly facts: Ending
  readonly lines: readonly string[]
}

/** `wallet close`: ends channels by agreement with the hub; all that are open, or one. */
export async function closeChannels(
  number: number | undefined,
  options: CloseCommand,
): Promise<void> {
  if (options.alone) {
    const channel = number === undefined ? '' : ` --channel ${number}`
    const detail = `"wallet exit${channel}" leaves without the hub: it shows first what that brings and when`
    throw new CommandError('usage', detail)
  }
  await withHub(options, async (at) => {
    const found = wantedOf(at, number)
    const wanted = found.filter((held) => !isBeingLeft(held))
    const money = await moneyOf(
      at.ledger,
      wanted.map(({ party }) => party.ledger.asset),
    )
    if (wanted.length > 0) {
      process.stderr.write(`${wanted.map((held) => quoteLine(held, money)).join('\n')}\n`)
      const count = wanted.length === 1 ? 'the channel' : `${wanted.length} channels`
      await confirm(options.yes, `Close ${count} with the hub`)
    }
    const closed = await Promise.all(
      found.map((held) => (isBeingLeft(held) ? beingLeft(held) : closeOne(at, held, money))),
    )
    const text = closed.map(({ lines }) => lines.join('\n  ')).join('\n')
    const channels = closed.map(({ held: { party }, facts }) => {
      const { id, number: channel, asset } = party.ledger
      return { channel: id, number: channel, asset, ...facts }
    })
    printFacts(options.json, { channels }, text === '' ? 'no channel is open' : text)
    const isOpen = ({ facts: { status } }: Closed) => status === 'pending' || status === 'closing'
    if (closed.some(isOpen)) process.exitCode = EXIT.pending
    if (closed.some(({ facts }) => facts.status === 'refused')) process.exitCode = EXIT.failed
  })
}

function wantedOf({ wallet }: WalletAtHub, number: number | undefined): readonly WalletChannel[] {
  const open = byNumber(wallet.channels())
  if (number === undefined) return open
  const found = open.filter(({ party }) => party.ledger.number === number)
  if (found.length > 0) return found
  const isKnown = wallet.allChannels().some(({ party }) => party.ledger.number === number)
  const detail = isKnown
    ? `channel ${number} is settled: "wallet history" shows how`
    : `there is no channel ${number} here: "wallet status" lists them`
  throw new CommandError(isKnown ? 'channel_settled' : 'channel_unknown', detail)
}

/** Whether somebody has closed the channel alone: the hub has no more part in it, and it ends with its window. */
function isBeingLeft({ party }: WalletChannel): boolean {
  return party.ledger.status.kind === 'closing'
}

function beingLeft(held: WalletChannel): Closed {
  const { number } = held.party.ledger
  const hint = `closing already, without the hub: "wallet exit --channel ${number}" goes on with it`
  return { held, lines: [`channel ${number}`, hint], facts: { status: 'closing' } }
}

function quoteLine({ party, books }: WalletChannel, money: Money): string {
  const { number, asset } = party.ledger
  const pending = party.own.items.length + party.peer.items.length
  const yours =
    books === 'whole' ? `${money(asset, clientPayoutOf(party))} come home` : 'books lost'
  return `channel ${number}: ${yours}${pending === 0 ? '' : `, once ${pending} payments are over`}`
}

async function closeOne(at: WalletAtHub, held: WalletChannel, money: Money): Promise<Closed> {
  const { id, number, asset } = held.party.ledger
  const { wallet, signal } = at
  try {
    const end = await orPending(async () => {
      const waiting = `closing channel ${number}: the hub gathers it into a ledger transaction`
      await showProgress(waiting, () => wallet.closeChannel(id, { signal }))
      return { of: await wallet.endOf(id) }
    })
    if (end === undefined) {
      const lines = [`channel ${number}`, 'pending: the same command goes on where it was']
      return { held, lines, facts: { status: 'pending' } }
    }
    const lines = [`channel ${number}`, ...endLines(end.of, asset, money)]
    return { held, lines, facts: { status: 'closed', end: endFacts(end.of) } }
  } catch (error) {
    if (!(error instanceof WalletError)) throw error
    const { code, message: detail } = error
    const hint = `"wallet exit --channel ${number}" leaves it without the hub`
    const lines = [`channel ${number}`, `${code}: ${detail}`, hint]
    return { held, lines, facts: { status: 'refused', code, detail } }
  }
}
