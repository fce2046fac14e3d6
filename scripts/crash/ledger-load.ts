import { KeyCoins, LedgerClient } from '@tallystick/client-sdk'
import { openWsSocket } from '@tallystick/client-sdk/node'
import { amount, isRejection, type Signer } from '@tallystick/protocol'
import { withRetries } from '../replay/with-retries.js'
import { pause } from './strikes.js'

/** What is sent each time, base units. */
const VALUE = amount(10_000n)
/** Milliseconds between two looks at a transaction that waits. */
const LOOK_MS = 50

/** Sends coins of a key to itself, one transaction after another, until it is stopped. */
export class LedgerLoad {
  readonly #ledger: LedgerClient
  readonly #coins: KeyCoins
  #included = 0
  #isStopped = false

  private constructor(ledger: LedgerClient, signer: Signer) {
    this.#ledger = ledger
    this.#coins = new KeyCoins(ledger, signer, 0)
  }

  static async open(url: string, signer: Signer): Promise<LedgerLoad> {
    return new LedgerLoad(await LedgerClient.connect({ url, openSocket: openWsSocket }), signer)
  }

  /** Transactions that the ledger has taken, all of them included by now. */
  get included(): number {
    return this.#included
  }

  /** Sends until `stop`; answers what the ledger had taken and does not know any more. */
  async run(): Promise<readonly string[]> {
    this.#isStopped = false
    const outputs = [{ asset: 0, amount: VALUE, lock: this.#coins.lock }]
    while (!this.#isStopped) {
      await withRetries(() => this.#ledger.refresh())
      const sent = await withRetries(() => this.#coins.spend({ outputs }))
      if (isRejection(sent)) throw new Error(`no coins can be sent: ${sent.detail}`)
      // It was taken: from here on it may wait, and is never forgotten.
      for (;;) {
        const { kind } = await withRetries(() => this.#ledger.transactionStatus(sent.id))
        if (kind === 'unknown') return [`the ledger has lost transaction ${sent.id}`]
        if (kind === 'included') break
        await pause(LOOK_MS)
      }
      this.#included++
    }
    return []
  }

  stop(): void {
    this.#isStopped = true
  }
}
