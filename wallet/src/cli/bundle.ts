import { type ExitBundle, encodeExitBundle, type Wallet } from '@tallystick/client-sdk'
import { CommandError, printFacts } from '@tallystick/daemon'
import { timeText } from './ledger-words.js'
import { readBundleFile } from './open-bundle.js'
import { openStore, type WalletPlace } from './open-store.js'
import { checkOutput } from './output-file.js'
import { writeWhole } from './write-whole.js'

export type BundleCommand = WalletPlace & {
  readonly out: string
  readonly replace?: true
  readonly json?: true
}

/** `wallet bundle`: writes what brings the money home when words, store and hub are gone. */
export async function exportBundle(options: BundleCommand): Promise<void> {
  const { out, replace, json } = options
  let replaced: ExitBundle | undefined
  const readReplaced = async (path: string) => {
    replaced = await readBundleFile(path)
  }
  await checkOutput(out, options, replace && readReplaced)
  const { wallet, close } = await openStore(options, { as: 'bystander' })
  try {
    requireOwn(replaced, wallet, out)
    const bundle = wallet.exitBundle()
    if (bundle.exits.length === 0) {
      const detail = `no channel is open: there is nothing to leave with, and ${out} is not written`
      throw new CommandError('no_channels', detail)
    }
    await writeWhole(out, encodeExitBundle(bundle))
    const { height, time, exits } = bundle
    const numbers = exits.map(({ number }) => number)
    const facts = { out, chain_id: bundle.chainId, height, time, channels: numbers }
    const text = [
      `${out} holds ${exits.length === 1 ? 'the signed exit of one channel' : `signed exits of ${exits.length} channels`}, as of block ${height}, ${timeText(time)}`,
      'It costs no penalty however old it becomes. What you receive from now on is not in it: write',
      'a new one after that, and keep it where only you can read it.',
    ].join('\n')
    printFacts(json, facts, text)
  } finally {
    await close()
  }
}

/** A bundle of other channels may be the only way out that somebody else has. */
function requireOwn(replaced: ExitBundle | undefined, wallet: Wallet, out: string): void {
  const own = new Set(wallet.allChannels().map(({ party }) => party.ledger.id))
  if (replaced === undefined || replaced.exits.some(({ channel }) => own.has(channel))) return
  const detail = `${out} is left alone: it is a bundle of channels that this wallet does not know; move it away, or name another`
  throw new CommandError('file_not_replaced', detail)
}
