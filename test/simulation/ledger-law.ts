import {
  type Block,
  blockId,
  type ChannelNumber,
  decodeTrusted,
  type Genesis,
  isClosing,
  STATE_ENTRIES,
  stateKey,
  toHex,
} from '@tallystick/protocol'
import type { VerifiedBlock } from '#client-sdk/ledger/follow-blocks.js'
import { Violation } from './violation.js'
import { type LedgerRecords, worthOf } from './virtual-ledger-store.js'

/**
 * What holds after every block. INV-1: nothing is made or lost. INV-39: time rises within its bounds.
 * INV-41: one block follows the other, whatever has crashed. INV-14: a dispute is answered up to its
 * last second and settled from the next on. INV-9: whoever is shown to have signed something newer
 * than it asserted, and did not say that it was unsure, is penalized. INV-24: a withdrawal counts once, in its time.
 */
export class LedgerLaw {
  readonly #genesis: Genesis
  readonly #whole: bigint
  /** Last second of every dispute window that runs, or ran. */
  readonly #deadlines = new Map<ChannelNumber, number>()
  /** What each side of a channel has withdrawn in all. */
  readonly #withdrawn = new Map<string, bigint>()
  #tip: Block['header'] | undefined

  constructor(genesis: Genesis) {
    this.#genesis = genesis
    this.#whole = genesis.allocations.reduce((sum, { amount }) => sum + amount, 0n)
  }

  onBlock(block: VerifiedBlock, records: LedgerRecords): void {
    const { header } = block
    const { coins, channels, burnt } = worthOf(records)
    const found = coins + channels + burnt
    if (found !== this.#whole) {
      const parts = `${coins} in coins, ${channels} in channels, ${burnt} burnt`
      throw new Violation('INV-1', `${parts}, ${this.#whole} were issued, block ${header.height}`)
    }
    this.#checkPlace(header)
    this.#checkWindows(block)
    this.#checkPenalties(block, records)
    this.#checkWithdrawals(block)
    this.#tip = header
    for (const { kind, value } of records.entries.values()) {
      if (kind !== 'channel') continue
      const channel = decodeTrusted(STATE_ENTRIES.channel.value, value)
      if (isClosing(channel)) this.#deadlines.set(channel.number, channel.status.deadline)
    }
  }

  #checkPlace(header: Block['header']): void {
    const step = header.time - (this.#tip?.time ?? this.#genesis.time)
    if (step < 0 || step > this.#genesis.parameters.timeStepSecondsMax) {
      throw new Violation('INV-39', `ledger time rose by ${step} s in block ${header.height}`)
    }
    const isNext = header.height === (this.#tip?.height ?? 0) + 1
    if (!isNext || (this.#tip !== undefined && header.parent !== blockId(this.#tip))) {
      throw new Violation('INV-41', `block ${header.height} does not follow what was shown before`)
    }
  }

  #checkPenalties({ transactions }: VerifiedBlock, records: LedgerRecords): void {
    for (const operation of transactions.flatMap(({ body }) => body.operations)) {
      if (operation.kind !== 'challenge' || operation.proof === undefined) continue
      const row = records.entries.get(toHex(stateKey('channel', { channel: operation.channel })))
      if (row === undefined) continue
      const channel = decodeTrusted(STATE_ENTRIES.channel.value, row.value)
      if (!isClosing(channel) || channel.status.unsure || channel.status.penalized) continue
      const { asserted } = channel.status
      const { epoch, version } = operation.proof.lane
      if (epoch > asserted.epoch || (epoch === asserted.epoch && version > asserted.version)) {
        const what = `channel ${channel.number} was closed with version ${asserted.version}`
        throw new Violation('INV-9', `${what}, ${version} is shown, and nobody is penalized`)
      }
    }
  }

  #checkWithdrawals({ header, transactions }: VerifiedBlock): void {
    for (const operation of transactions.flatMap(({ body }) => body.operations)) {
      if (operation.kind !== 'withdraw') continue
      for (const { channel, role, withdrawn } of operation.withdrawals) {
        const before = this.#withdrawn.get(`${channel} ${role}`) ?? 0n
        if (withdrawn <= before || header.time > operation.validUntil) {
          const what = `the ${role} of channel ${channel} has withdrawn ${before}`
          throw new Violation('INV-24', `${what}, and is paid up to ${withdrawn}`)
        }
        this.#withdrawn.set(`${channel} ${role}`, withdrawn)
      }
    }
  }

  #checkWindows({ header, transactions }: VerifiedBlock): void {
    for (const operation of transactions.flatMap(({ body }) => body.operations)) {
      if (operation.kind !== 'finalize' && operation.kind !== 'challenge') continue
      const deadline = this.#deadlines.get(operation.channel) ?? Infinity
      const isOver = header.time > deadline
      if (isOver !== (operation.kind === 'finalize')) {
        const what = `${operation.kind} of channel ${operation.channel} at ${header.time}`
        throw new Violation('INV-14', `${what}, the window ended with ${deadline}`)
      }
    }
  }
}
