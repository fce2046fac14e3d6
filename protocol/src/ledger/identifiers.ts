import { fixedBytes, identifier } from '../codec/codec.js'
import type { PublicKey } from '../crypto/ed25519.js'
import type { Brand } from '../primitives/brand.js'

/** 32 bytes in hex: the hash of the genesis; every signature binds it. */
export type ChainId = Brand<string, 'ChainId'>
/** 32 bytes in hex: the hash of a transaction's body. */
export type TxId = Brand<string, 'TxId'>
/** 32 bytes in hex: the hash of the outpoint that opened the channel. */
export type ChannelId = Brand<string, 'ChannelId'>
/** 32 bytes in hex: the hash of a block header. */
export type BlockId = Brand<string, 'BlockId'>
/** 32 bytes in hex: the Merkle root of a lock's alternatives. */
export type LockRoot = Brand<string, 'LockRoot'>
/** 32 bytes in hex: what a preimage, or the first link of a hash chain, hashes to. */
export type Anchor = Brand<string, 'Anchor'>
/** 16 bytes in hex, chosen by the payer: names one pending item of a lane for ever. */
export type ItemId = Brand<string, 'ItemId'>

export const chainIdCodec = identifier<ChainId>(32)
export const txIdCodec = identifier<TxId>(32)
export const channelIdCodec = identifier<ChannelId>(32)
export const blockIdCodec = identifier<BlockId>(32)
export const lockRootCodec = identifier<LockRoot>(32)
export const anchorCodec = identifier<Anchor>(32)
export const itemIdCodec = identifier<ItemId>(16)
export const publicKeyCodec = identifier<PublicKey>(32)
export const RESUME_NONCE_BYTES = 16
/** 16 fresh random bytes, chosen by whoever asks for a resume: no two requests share them. */
export const resumeNonceCodec = fixedBytes(RESUME_NONCE_BYTES)
