import { createInterface } from 'node:readline'
import { type Wallet, WalletError } from '@tallystick/client-sdk'
import { openWallet } from '@tallystick/client-sdk/node'
import { type Anchor, fromHex } from '@tallystick/protocol'
import { withRetries } from '../replay/with-retries.js'
import type { Answer, Asked, WalletLine, WalletRequest } from './wallet-request.js'

/*
 * A wallet as a process of its own, for crash tests: it does what it is asked on standard input, and
 * says on standard output what came of it. It ends when its input does, or by SIGKILL.
 */
const [seed = '', file = '', ledgerUrl = '', hubUrl = ''] = process.argv.slice(2)

function say(line: WalletLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

const { wallet } = await withRetries(() =>
  openWallet({
    words: fromHex(seed),
    ...{ file, ledgerUrl, hubUrl },
    onEvent: (event) => {
      if (event.kind === 'problem') say(event)
    },
  }),
)
createInterface({ input: process.stdin }).on('line', (line) => void serve(JSON.parse(line)))
process.stdin.once('end', () => process.exit(0))

async function serve({ id, request }: Asked): Promise<void> {
  const answer = await withRetries(() => answerTo(wallet, request))
  say({ kind: 'answer', id, answer })
}

async function answerTo(wallet: Wallet, request: WalletRequest): Promise<Answer> {
  switch (request.kind) {
    case 'setUp': {
      await wallet.connected()
      await wallet.openChannel({ deposit: BigInt(request.deposit) })
      await wallet.requestChannel({ inbound: BigInt(request.inbound) })
      return {}
    }
    case 'invoice': {
      const { text, anchor } = await wallet.createInvoice({ value: BigInt(request.value) })
      return { text, anchor }
    }
    case 'pay':
      return { status: await statusOf(wallet, request.text, request.key) }
    case 'paid':
      return { status: (await wallet.paid(request.anchor as Anchor)).status }
    case 'payment': {
      const payment = await wallet.paymentOf(request.key)
      return { status: payment?.status ?? 'unknown', fee: String(payment?.fee ?? 0n) }
    }
    case 'books': {
      await wallet.connected()
      const { inChannels, onLedger } = await wallet.balance()
      const parties = wallet.channels().map(({ party }) => party)
      const pending = parties.reduce(
        (sum, { own, peer }) => sum + own.items.length + peer.items.length,
        0,
      )
      const epochs = parties.map(({ own, peer }) => Math.max(own.epoch, peer.epoch))
      return {
        ...{ inChannels: String(inChannels), onLedger: String(onLedger), pending },
        epoch: Math.max(0, ...epochs),
      }
    }
    case 'closeAll': {
      const ids = wallet.channels().map(({ party }) => party.ledger.id)
      for (const id of ids) await wallet.closeChannel(id)
      return { closed: ids.length }
    }
  }
}

/** A payment is paid, or its money is certainly back; anything else is tried again under its key. */
async function statusOf(wallet: Wallet, text: string, key: string): Promise<string> {
  try {
    return (await wallet.pay(text, { key })).status
  } catch (error) {
    if (error instanceof WalletError && error.code === 'payment_failed') return 'failed'
    throw error
  }
}
