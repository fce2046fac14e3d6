import type { WalletProcess } from './wallet-process.js'

/** One payment, as its payer and its payee have acknowledged it. */
export type Outcome = {
  readonly key: string
  readonly payer: WalletProcess
  readonly payee: WalletProcess
  readonly anchor: string
  readonly value: bigint
  readonly status: 'paid' | 'failed'
}

/** Payments of one wallet that are under way at once. */
const PAYMENTS_AT_ONCE = 6
/** The largest payment, base units. */
const VALUE_MAX = 100_000

/** Has wallets pay each other until it is stopped, whatever happens to them. */
export class PaymentLoad {
  readonly outcomes: Outcome[] = []
  readonly #wallets: readonly WalletProcess[]
  readonly #random: () => number
  #count = 0
  #isStopped = false

  constructor(wallets: readonly WalletProcess[], random: () => number) {
    this.#wallets = wallets
    this.#random = random
  }

  /** Pays until `stop`; resolves once nothing is under way any more. */
  async run(): Promise<void> {
    this.#isStopped = false
    const payers = this.#wallets.flatMap((wallet) => Array(PAYMENTS_AT_ONCE).fill(wallet))
    await Promise.all(payers.map((payer) => this.#pay(payer)))
  }

  stop(): void {
    this.#isStopped = true
  }

  async #pay(payer: WalletProcess): Promise<void> {
    const others = this.#wallets.filter((wallet) => wallet !== payer)
    while (!this.#isStopped) {
      const payee = others[Math.floor(this.#random() * others.length)]
      if (payee === undefined) throw new Error('it takes two wallets to pay')
      const key = `payment ${++this.#count}`
      const value = BigInt(1 + Math.floor(this.#random() * VALUE_MAX))
      const invoice = await payee.ask({ kind: 'invoice', value: String(value) })
      const anchor = String(invoice['anchor'])
      const { status } = await payer.ask({ kind: 'pay', text: String(invoice['text']), key })
      if (status === 'paid') await payee.ask({ kind: 'paid', anchor })
      else if (status !== 'failed') throw new Error(`a payment ended as ${status}`)
      this.outcomes.push({ key, payer, payee, anchor, value, status })
    }
  }
}
