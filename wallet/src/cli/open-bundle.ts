import { readFile, stat } from 'node:fs/promises'
import { BlockFeed, type ExitBundle, LedgerClient, parseExitBundle } from '@tallystick/client-sdk'
import { openWsSocket } from '@tallystick/client-sdk/node'
import { CommandError, showProgress } from '@tallystick/daemon'
import { type ChainId, isRejection } from '@tallystick/protocol'

/** The largest bundle that is read, bytes: some hundred channels, full of items. */
const BUNDLE_BYTES_MAX = 64 * 1_048_576

/** A bundle and the ledger of its chain. */
export type OpenedBundle = {
  readonly bundle: ExitBundle
  readonly ledger: LedgerClient
  readonly feed: BlockFeed
  close(): void
}

/**
 * Opens `file` for the chain that is meant, if one is named. Throws `bundle_damaged`,
 * `bundle_version`, `wrong_chain`, `wrong_genesis`, and what the ledger says.
 */
export async function openBundle(
  file: string,
  url: string,
  expected: ChainId | undefined,
): Promise<OpenedBundle> {
  const bundle = await readBundleFile(file, expected)
  const { chainId } = bundle
  const ledger = await showProgress('asking the node', () =>
    LedgerClient.connect({ url, chainId, openSocket: openWsSocket }),
  )
  const feed = await BlockFeed.start(ledger)
  return { bundle, ledger, feed, close: () => feed.stop() }
}

/** The bundle in a file. Throws `bundle_damaged`, `bundle_version`, `wrong_chain`. */
export async function readBundleFile(file: string, expected?: ChainId): Promise<ExitBundle> {
  if ((await stat(file)).size > BUNDLE_BYTES_MAX) {
    throw new CommandError('bundle_damaged', `${file} is too large to be an exit bundle`)
  }
  const bundle = parseExitBundle(await readFile(file), expected)
  if (isRejection(bundle)) throw new CommandError(bundle.code, bundle.detail)
  return bundle
}
