import { sha256 } from '#sha256'

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
  appointment: 0x18,
  backupUpload: 0x1a,
  backupFetch: 0x1b,
  towerRequest: 0x1e,
  towerReceipt: 0x1f,
  offer: 0x28,
  letter: 0x29,
  answer: 0x2a,
  letterId: 0x2b,
} as const

export type Tag = (typeof TAG)[keyof typeof TAG]

/** `sha256(tag || parts…)`, 32 bytes. Callers give parts of fixed or self-delimiting length. */
export function taggedHash(tag: Tag, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 1
  for (const part of parts) length += part.length
  // Most inputs are short: they share one buffer, which hashing leaves before it returns.
  const input = shortInput(length) ?? new Uint8Array(length)
  input[0] = tag
  let offset = 1
  for (const part of parts) {
    input.set(part, offset)
    offset += part.length
  }
  return sha256(input)
}

/** The beginning of one buffer: a view per length, made once, because a view is as large as a hash. */
function shortInput(length: number): Uint8Array | undefined {
  const known = SHORT_INPUTS[length]
  if (known !== undefined || length > SHORT.length) return known
  const input = SHORT.subarray(0, length)
  SHORT_INPUTS[length] = input
  return input
}

const SHORT = new Uint8Array(1_024)
const SHORT_INPUTS = new Array<Uint8Array | undefined>(SHORT.length + 1)

export { sha256 }
