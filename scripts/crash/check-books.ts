import type { Outcome } from './payment-load.js'
import type { WalletProcess } from './wallet-process.js'

/** What the outcomes that were acknowledged say that a wallet has in its channels, base units. */
type Due = { readonly deposit: bigint; readonly outcomes: readonly Outcome[] }

/**
 * Asks wallets, while nobody pays, for all that was ever acknowledged, and compares it with what they
 * have: what is missing, is there twice, or has two outcomes. Answers what is wrong.
 */
export async function checkBooks(
  wallets: readonly WalletProcess[],
  { deposit, outcomes }: Due,
): Promise<readonly string[]> {
  const wrong: string[] = []
  const due = new Map(wallets.map((wallet) => [wallet, deposit]))
  const add = (wallet: WalletProcess, value: bigint) =>
    due.set(wallet, (due.get(wallet) ?? 0n) + value)
  for (const { key, payer, payee, anchor, value, status } of outcomes) {
    const found = await payer.ask({ kind: 'payment', key })
    if (found['status'] !== status) {
      wrong.push(`${payer.name}: ${key} was ${status} and is ${found['status']}`)
    }
    if (status === 'failed') continue
    add(payer, -value - BigInt(found['fee'] ?? 0))
    add(payee, value)
    const received = await payee.ask({ kind: 'paid', anchor })
    if (received['status'] !== 'paid') wrong.push(`${payee.name}: ${key} is ${received['status']}`)
  }
  for (const [wallet, sum] of due) {
    const books = await wallet.ask({ kind: 'books' })
    if (BigInt(books['inChannels'] ?? -1) !== sum) {
      wrong.push(`${wallet.name} has ${books['inChannels']} in its channels, ${sum} are due`)
    }
    // Who had to resume would have lost something that it had promised.
    if (books['epoch'] !== 0) wrong.push(`${wallet.name} had to resume a channel`)
  }
  return wrong
}
