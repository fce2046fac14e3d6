import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { type Signer, signerFromSeed } from '../crypto/ed25519.js'
import { type Agree, agreementFromSeed } from '../crypto/shared-secret.js'
import { concatBytes, utf8 } from '../primitives/bytes.js'
import { invariant } from '../primitives/invariant.js'
import { deriveSeed } from './slip10.js'

/**
 * Everything secret that a wallet has, as a function of its master seed: m/8383'/purpose'/index'.
 * The numbers never change meaning, or words written down on paper would lead elsewhere.
 */
const WALLET = 8383
const PURPOSE = { identity: 0, channel: 1, payout: 2, secret: 3, backup: 4 } as const

/** The keys of one wallet. Indexes are whole numbers; those of keys go up to 2^31-1. */
export type WalletKeys = {
  /** Who this wallet is to its hub; signs no money. */
  readonly identity: Signer
  /** Agrees on secrets under the identity key, for letters to this wallet (SIG-5). */
  readonly agree: Agree
  /** The key of one side of the channel with this index. */
  channel(index: number): Signer
  /** The key that locks payout coins. */
  payout(index: number): Signer
  /**
   * 32 secret bytes, the same again after a restore: HMAC-SHA256(secret seed, label || index), the
   * index as 8 bytes, big-endian, 0 to 2^53-1. Payment preimages are made so. Never use an index
   * of a label for two payments: whoever learned the preimage of the first could take the second.
   */
  secret(label: string, index: number): Uint8Array
  /** The 32-byte key under which backups of this wallet are sealed (KEY-5), and nothing else is. */
  backup(): Uint8Array
}

/** The keys under `masterSeed` (16 to 64 bytes), of which it keeps a copy. */
export function deriveKeys(masterSeed: Uint8Array): WalletKeys {
  const ownSeed = new Uint8Array(masterSeed)
  const seedAt = (purpose: number, index: number) => deriveSeed(ownSeed, [WALLET, purpose, index])
  const secretSeed = seedAt(PURPOSE.secret, 0)
  const identitySeed = seedAt(PURPOSE.identity, 0)
  return {
    identity: signerFromSeed(identitySeed),
    agree: agreementFromSeed(identitySeed),
    channel: (index) => signerFromSeed(seedAt(PURPOSE.channel, index)),
    payout: (index) => signerFromSeed(seedAt(PURPOSE.payout, index)),
    secret: (label, index) => hmac(sha256, secretSeed, secretMessage(label, index)),
    backup: () => seedAt(PURPOSE.backup, 0),
  }
}

/** The index has a fixed size and comes last, so no two pairs share a message. */
function secretMessage(label: string, index: number): Uint8Array {
  invariant(Number.isSafeInteger(index) && index >= 0, 'a secret index lies in 0..2^53-1')
  const counter = new Uint8Array(8)
  new DataView(counter.buffer).setBigUint64(0, BigInt(index))
  return concatBytes(utf8(label), counter)
}
