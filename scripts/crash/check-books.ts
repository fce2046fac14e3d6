import type { Outcome } from './payment-load.js'
import type { WalletProcess } from './wallet-process.js'

/** What was acknowledged. */
type Due = {
  /** What each wallet put into its channel, base units. */
  readonly deposit: bigint
  readonly outcomes: readonly Outcome[]
  /** Place of the first outcome that both sides are asked about again. */
  readonly askFrom: number
}

/**
 * Compares, while nobody pays, what wallets have with what was ever acknowledged: what is missing, is
 * there twice, or has two outcomes. Books are told once the tower has vouched for the newest of
 * every channel. Answers what is wrong.
 */
export async function checkBooks(
  wallets: readonly WalletProcess[],
  { deposit, outcomes, askFrom }: Due,
): Promise<readonly string[]> {
  const wrong: string[] = []
  for (const { key, payer, payee, anchor, status } of outcomes.slice(askFrom)) {
    const sent = await payer.ask({ kind: 'payment', key })
    if (sent['status'] !== status) wrong.push(`${payer.name}: ${key}: ${status}, ${sent['status']}`)
    // One that failed is nowhere paid: the sums below would show it.
    if (status === 'failed') continue
    const received = await payee.ask({ kind: 'paid', anchor })
    if (received['status'] !== 'paid') wrong.push(`${payee.name}: ${key} is ${received['status']}`)
  }
  for (const wallet of wallets) {
    const due = outcomes.reduce((sum, outcome) => sum + gainOf(wallet, outcome), deposit)
    const books = await wallet.ask({ kind: 'books' })
    if (BigInt(books['inChannels'] ?? -1) !== due) {
      wrong.push(`${wallet.name} has ${books['inChannels']} in its channels, ${due} are due`)
    }
    // Who had to resume would have lost something that it had promised.
    if (books['epoch'] !== 0) wrong.push(`${wallet.name} had to resume a channel`)
  }
  return wrong
}

/** What a payment brought a wallet, base units. */
function gainOf(wallet: WalletProcess, { payer, payee, value, fee, status }: Outcome): bigint {
  if (status === 'failed') return 0n
  return (wallet === payee ? value : 0n) - (wallet === payer ? value + fee : 0n)
}
