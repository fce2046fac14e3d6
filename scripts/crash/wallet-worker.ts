import { createInterface } from 'node:readline'
import {
  fetchEntrusted,
  type Wallet,
  type WalletChannel,
  WalletError,
} from '@tallystick/client-sdk'
import { openWallet, openWsSocket } from '@tallystick/client-sdk/node'
import {
  type Anchor,
  type ChannelId,
  clientPayoutOf,
  deriveKeys,
  fromHex,
} from '@tallystick/protocol'
import { withRetries } from '../replay/with-retries.js'
import type { Answer, Asked, Funder, WalletLine, WalletRequest } from './wallet-request.js'

/*
 * A wallet as a process of its own, for crash tests: it does what it is asked on standard input, and
 * says on standard output what came of it. It ends when its input does, or by SIGKILL.
 */
const [seed = '', file = '', ledgerUrl = '', hubUrl = '', towerUrl = ''] = process.argv.slice(2)

function say(line: WalletLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

const keys = deriveKeys(fromHex(seed))
const { wallet, ledger } = await withRetries(() =>
  openWallet({
    words: fromHex(seed),
    ...{ file, ledgerUrl, hubUrl, towers: [{ url: towerUrl }] },
    onEvent: (event) => {
      if (event.kind === 'problem') say(event)
    },
  }),
)
say({ kind: 'opened' })
createInterface({ input: process.stdin }).on('line', (line) => void serve(JSON.parse(line)))
process.stdin.once('end', () => process.exit(0))

async function serve({ id, request }: Asked): Promise<void> {
  const answer = await withRetries(() => answerTo(wallet, request))
  say({ kind: 'answer', id, answer })
}

async function answerTo(wallet: Wallet, request: WalletRequest): Promise<Answer> {
  switch (request.kind) {
    case 'open': {
      await wallet.recoverChannels()
      if (fundedBy(wallet, request.funder).length >= request.ever) return {}
      const value = BigInt(request.amount)
      if (request.funder === 'wallet') await wallet.openChannel({ deposit: value })
      else await wallet.requestChannel({ inbound: value })
      return {}
    }
    case 'channels': {
      const ever = fundedBy(wallet, request.funder)
      const open = ever.filter(({ party }) => party.phase.kind === 'open')
      const [least] = open.sort((a, b) =>
        clientPayoutOf(a.party) < clientPayoutOf(b.party) ? -1 : 1,
      )
      return { ever: ever.length, least: least?.party.ledger.id ?? '' }
    }
    case 'close':
      await wallet.closeChannel(request.id as ChannelId)
      return {}
    case 'invoice': {
      const { text, anchor } = await wallet.createInvoice({ value: BigInt(request.value) })
      return { text, anchor }
    }
    case 'pay':
      return await outcomeOf(wallet, request.text, request.key)
    case 'paid':
      return { status: (await wallet.paid(request.anchor as Anchor)).status }
    case 'look': {
      const payments = await Promise.all(request.payments.map((key) => wallet.paymentOf(key)))
      const invoices = await Promise.all(
        request.invoices.map((anchor) => wallet.invoice(anchor as Anchor)),
      )
      const statusOf = (record: { readonly status: string } | undefined) =>
        record?.status ?? 'unknown'
      return { payments: payments.map(statusOf), invoices: invoices.map(statusOf) }
    }
    case 'books': {
      await wallet.connected()
      await wallet.recoverChannels()
      for (const { party } of wallet.channels()) await wallet.guarded(party.ledger.id)
      const { inChannels, onLedger, inLostChannels } = await wallet.balance()
      const parties = wallet.channels().map(({ party }) => party)
      const epochs = parties.map(({ own, peer }) => Math.max(own.epoch, peer.epoch))
      return {
        ...{ inChannels: String(inChannels), onLedger: String(onLedger) },
        ...{ inLostChannels: String(inLostChannels), epoch: Math.max(0, ...epochs) },
        opened: fundedBy(wallet, 'wallet').length,
        unguarded: (await unguarded()).length,
      }
    }
    case 'guards':
      return Object.fromEntries(
        wallet.channels().map(({ party: { ledger } }) => {
          const [guard] = wallet.guardedUpTo(ledger.id)
          return [ledger.id, guard?.upTo?.proof?.version ?? 0]
        }),
      )
    case 'closeAll': {
      const ids = wallet.channels().map(({ party }) => party.ledger.id)
      for (const id of ids) await wallet.closeChannel(id)
      return { closed: ids.length }
    }
  }
}

/** Channels of which the watchtower, when it is asked, keeps less than it has vouched for. */
async function unguarded(): Promise<readonly ChannelId[]> {
  const less: ChannelId[] = []
  for (const { party, keyIndex } of wallet.channels()) {
    const channel = party.ledger
    const [guard] = wallet.guardedUpTo(channel.id)
    if (guard?.upTo?.proof === undefined) continue
    const tower = {
      url: towerUrl,
      chainId: ledger.chainId,
      key: guard.key,
      openSocket: openWsSocket,
    }
    const signer = keys.channel(keyIndex)
    const kept = await fetchEntrusted(tower, { channel, owner: 'client', signer })
    if ((kept?.proof?.lane.version ?? 0) < guard.upTo.proof.version) less.push(channel.id)
  }
  return less
}

function fundedBy(wallet: Wallet, funder: Funder): WalletChannel[] {
  const isOurs = funder === 'wallet'
  return wallet.allChannels().filter(({ party }) => party.ledger.client.deposited > 0n === isOurs)
}

/** A payment is paid, or its money is certainly back; anything else is tried again under its key. */
async function outcomeOf(wallet: Wallet, text: string, key: string): Promise<Answer> {
  try {
    const { status, fee } = await wallet.pay(text, { key })
    return { status, fee: String(fee) }
  } catch (error) {
    if (error instanceof WalletError && error.code === 'payment_failed') return { status: 'failed' }
    throw error
  }
}
