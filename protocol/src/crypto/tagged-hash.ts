import { sha256 } from '#sha256'
import { concatBytes } from '../primitives/bytes.js'

/** One byte per kind of hashed object (HASH-2): a hash made for one purpose is none for any other. */
export const TAG = {
  genesis: 0x01,
  blockHeader: 0x02,
  transaction: 0x03,
  witnessedTransaction: 0x04,
  listLeaf: 0x05,
  listNode: 0x06,
  stateKey: 0x07,
  stateValue: 0x08,
  stateLeaf: 0x09,
  stateNode: 0x0a,
  lockAlternative: 0x0b,
  channelId: 0x0c,
  balanceProof: 0x0d,
  pendingItem: 0x0e,
  batchSignature: 0x0f,
  closeAgreement: 0x10,
  invoice: 0x11,
  session: 0x12,
  channelAttach: 0x13,
  onwardItemId: 0x14,
  openRequest: 0x15,
  withdrawal: 0x16,
  resume: 0x17,
} as const

export type Tag = (typeof TAG)[keyof typeof TAG]

/** `sha256(tag || parts…)`, 32 bytes. Callers give parts of fixed or self-delimiting length. */
export function taggedHash(tag: Tag, ...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(concatBytes(Uint8Array.of(tag), ...parts))
}

export { sha256 }
