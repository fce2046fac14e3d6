import type { WalletProcess } from './wallet-process.js'

/** What a wallet puts into a channel of its own, and asks of the hub for another, base units. */
const AMOUNT = String(10_000_000)

/** Has wallets open and close channels, beside those that they keep, until it is stopped. */
export class ChannelTurnover {
  readonly #wallets: readonly WalletProcess[]
  #closed = 0
  #isStopped = false

  constructor(wallets: readonly WalletProcess[]) {
    this.#wallets = wallets
  }

  /** Channels that came and went. */
  get closed(): number {
    return this.#closed
  }

  /** Opens and closes until `stop`; resolves once nothing is under way any more. */
  async run(): Promise<void> {
    this.#isStopped = false
    await Promise.all(this.#wallets.map((wallet) => this.#turnOver(wallet)))
  }

  stop(): void {
    this.#isStopped = true
  }

  async #turnOver(wallet: WalletProcess): Promise<void> {
    for (;;) {
      for (const funder of ['wallet', 'hub'] as const) {
        if (this.#isStopped) return
        const { ever } = await wallet.ask({ kind: 'channels', funder })
        await wallet.ask({ kind: 'open', funder, amount: AMOUNT, ever: Number(ever) + 1 })
        const { least } = await wallet.ask({ kind: 'channels', funder })
        await wallet.ask({ kind: 'close', id: String(least) })
        this.#closed++
      }
    }
  }
}
