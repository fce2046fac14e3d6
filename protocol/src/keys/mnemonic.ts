import { entropyToMnemonic, mnemonicToSeedSync, validateMnemonic } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import type { Brand } from '../primitives/brand.js'
import { invariant } from '../primitives/invariant.js'

/** 12, 15, 18, 21 or 24 English BIP-39 words with the right checksum, single spaces between. */
export type Mnemonic = Brand<string, 'Mnemonic'>

/** The words for 16 (12 words) or 32 (24 words) fresh random bytes. */
export function createMnemonic(entropy: Uint8Array): Mnemonic {
  invariant(entropy.length === 16 || entropy.length === 32, 'entropy has 16 or 32 bytes')
  const mnemonic = parseMnemonic(entropyToMnemonic(entropy, wordlist))
  invariant(mnemonic !== undefined, 'words that we write are words that we read')
  return mnemonic
}

/**
 * Words as a person types them, in any case and spacing; `undefined` when one is not in the list,
 * their number is wrong or the checksum does not fit.
 */
export function parseMnemonic(words: string): Mnemonic | undefined {
  const tidied = words.normalize('NFKD').toLowerCase().trim().split(/\s+/).join(' ')
  return validateMnemonic(tidied, wordlist) ? (tidied as Mnemonic) : undefined
}

/**
 * The 64-byte master seed, slow on purpose (2,048 rounds of PBKDF2). Every passphrase is right:
 * another one, the empty one included, leads to another wallet without a warning.
 */
export function seedFromMnemonic(mnemonic: Mnemonic, passphrase: string): Uint8Array {
  return mnemonicToSeedSync(mnemonic, passphrase)
}
