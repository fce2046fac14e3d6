import type { WalletProcess } from './wallet-process.js'

/** One payment, as its payer and its payee have acknowledged it. */
export type Outcome = {
  readonly key: string
  readonly payer: WalletProcess
  readonly payee: WalletProcess
  readonly anchor: string
  readonly value: bigint
  /** What the hub took from the payer for it. */
  readonly fee: bigint
  readonly status: 'paid' | 'failed'
}

/** Payments of one wallet that are under way at once. */
const PAYMENTS_AT_ONCE = 6
/** The smallest payment, and what the largest is above it, base units. */
const [VALUE_MIN, VALUE_SPREAD] = [100_000, 1_000_000]

/** How often a second wallet pays the same invoice at the same time. */
const TWICE = 0.1

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
      const [payee, rival] = this.#random() < 0.5 ? others : others.toReversed()
      if (payee === undefined) throw new Error('it takes two wallets to pay')
      const value = BigInt(VALUE_MIN + Math.floor(this.#random() * VALUE_SPREAD))
      const { anchor, text } = await payee.ask({ kind: 'invoice', value: String(value) })
      const invoice = { anchor: String(anchor), text: String(text), value }
      const payers = rival !== undefined && this.#random() < TWICE ? [payer, rival] : [payer]
      await Promise.all(payers.map((each) => this.#payOne(each, payee, invoice)))
    }
  }

  async #payOne(
    payer: WalletProcess,
    payee: WalletProcess,
    { anchor, text, value }: { readonly anchor: string; text: string; value: bigint },
  ): Promise<void> {
    const key = `payment ${++this.#count}`
    const { status, fee = '0' } = await payer.ask({ kind: 'pay', text, key })
    if (status === 'paid') await payee.ask({ kind: 'paid', anchor })
    else if (status !== 'failed') throw new Error(`a payment ended as ${status}`)
    this.outcomes.push({ key, payer, payee, anchor, value, fee: BigInt(String(fee)), status })
  }
}
