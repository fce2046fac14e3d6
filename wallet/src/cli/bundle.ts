import { encodeExitBundle } from '@tallystick/client-sdk'
import { timeText } from './ledger-words.js'
import { openStore, type WalletPlace } from './open-store.js'
import { printFacts } from './print-facts.js'
import { writeWhole } from './write-whole.js'

export type BundleCommand = WalletPlace & { readonly out: string; readonly json?: true }

/** `wallet bundle`: writes what brings the money home when words, store and hub are gone. */
export async function exportBundle(options: BundleCommand): Promise<void> {
  const { out, json } = options
  const { wallet, close } = await openStore(options, { as: 'bystander' })
  try {
    const bundle = wallet.exitBundle()
    await writeWhole(out, encodeExitBundle(bundle))
    const { height, time, exits } = bundle
    const numbers = exits.map(({ number }) => number)
    const facts = { out, chain_id: bundle.chainId, height, time, channels: numbers }
    const text = [
      `${out} holds signed exits of ${numbers.length} channels, as of block ${height}, ${timeText(time)}`,
      'It costs no penalty however old it becomes. What you receive from now on is not in it: write',
      'a new one after that, and keep it where only you can read it.',
    ].join('\n')
    printFacts(json, facts, text)
  } finally {
    await close()
  }
}
