/** Where the owner's money is, base units. */
export type Balance = {
  /** In coins that the ledger proves. */
  readonly onLedger: bigint
  /** In channels, if all of them ended now and nothing pending were claimed. */
  readonly inChannels: bigint
  /**
   * What the ledger holds, for both sides together, in channels whose `books` are lost. How much
   * of it is this wallet's, nobody here knows.
   */
  readonly inLostChannels: bigint
  /** What could be paid at once, and what could be received, over the best channel. */
  readonly spendable: bigint
  readonly receivable: bigint
}
