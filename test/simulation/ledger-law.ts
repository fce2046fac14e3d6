import type { Genesis } from '@tallystick/protocol'
import type { VerifiedBlock } from '#client-sdk/ledger/follow-blocks.js'
import { Violation } from './violation.js'
import { type LedgerRecords, worthOf } from './virtual-ledger-store.js'

/** INV-1 and INV-39 after every block. */
export class LedgerLaw {
  readonly #genesis: Genesis
  readonly #whole: bigint
  #time: number

  constructor(genesis: Genesis) {
    this.#genesis = genesis
    this.#whole = genesis.allocations.reduce((sum, { amount }) => sum + amount, 0n)
    this.#time = genesis.time
  }

  onBlock({ header }: VerifiedBlock, records: LedgerRecords): void {
    const { coins, channels, burnt } = worthOf(records)
    const found = coins + channels + burnt
    if (found !== this.#whole) {
      const parts = `${coins} in coins, ${channels} in channels, ${burnt} burnt`
      throw new Violation('INV-1', `${parts}, ${this.#whole} were issued, block ${header.height}`)
    }
    const step = header.time - this.#time
    if (step < 0 || step > this.#genesis.parameters.timeStepSecondsMax) {
      throw new Violation('INV-39', `ledger time rose by ${step} s in block ${header.height}`)
    }
    this.#time = header.time
  }
}
