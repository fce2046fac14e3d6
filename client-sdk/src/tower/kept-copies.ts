import { type Channel, deriveKeys, type Entrusted, type PublicKey } from '@tallystick/protocol'
import type { Clock } from '../clock.js'
import type { LedgerAccess } from '../ledger/ledger-access.js'
import type { OpenSocket } from '../ledger/open-socket.js'
import { searchKeys } from '../wallet/key-search.js'
import { masterSeedOf } from '../wallet/load-wallet.js'
import { WalletError } from '../wallet-error.js'
import { fetchEntrusted } from './tower-appointments.js'

/** What one watchtower answered about one channel of a wallet that is restored. */
export type KeptCopy = {
  /** The tower's session address. */
  readonly tower: string
  readonly channel: Channel
  /** `undefined`: it keeps nothing of the channel; an error: it did not say, or gave what nobody signed. */
  readonly outcome: Entrusted | WalletError | undefined
}

/** Whose copies are asked for, and where. */
export type KeptCopiesWish = {
  /** Twelve to twenty-four BIP-39 words, or the seed. */
  readonly words: string | Uint8Array
  readonly ledger: LedgerAccess
  readonly towers: readonly { readonly url: string; readonly key?: PublicKey }[]
  readonly openSocket: OpenSocket
  /** Channel keys below this index were given away, as far as a backup says; absent: 0. */
  readonly usedKeyIndexes?: number
  /** Absent: the process's. */
  readonly clock?: Clock
}

/**
 * Asks watchtowers for what they keep of all channels of some words that the ledger shows, so that a
 * new store can be opened with it (`entrusted`; BAK-8). No tower keeps another from being asked. Errors:
 * `words_invalid`, `LedgerError`.
 */
export async function fetchKeptCopies(wish: KeptCopiesWish): Promise<readonly KeptCopy[]> {
  const { words, ledger, towers, openSocket, usedKeyIndexes = 0, clock } = wish
  const keys = deriveKeys(masterSeedOf(words))
  const owned: { readonly channel: Channel; readonly keyIndex: number }[] = []
  await searchKeys(usedKeyIndexes, async (keyIndex) => {
    const key = keys.channel(keyIndex).publicKey
    const channels = (await ledger.channelsOf(key)).filter(({ client }) => client.key === key)
    owned.push(...channels.map((channel) => ({ channel, keyIndex })))
    return channels.length > 0
  })
  const { chainId } = ledger
  const answers = towers.map(async ({ url, key }) => {
    const copies: KeptCopy[] = []
    for (const { channel, keyIndex } of owned) {
      const signer = keys.channel(keyIndex)
      const before = copies.at(-1)?.outcome
      // A tower that is away for one channel is not waited for at the next.
      const outcome =
        before instanceof WalletError && before.retryable
          ? before
          : await fetchEntrusted(
              { url, chainId, key, openSocket, ...(clock && { clock }) },
              { channel, owner: 'client', signer },
            ).catch(walletErrorOf)
      copies.push({ tower: url, channel, outcome })
    }
    return copies
  })
  return (await Promise.all(answers)).flat()
}

function walletErrorOf(error: unknown): WalletError {
  if (error instanceof WalletError) return error
  throw error
}
