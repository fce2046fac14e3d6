import {
  type Block,
  type BlockHeader,
  blockCodec,
  decode,
  invariant,
  isRejection,
  parseTransaction,
  type Transaction,
  type TxId,
  transactionId,
} from '@tallystick/protocol'
import { BlockFrames } from './block-frames.js'
import { LedgerError, malformedAnswer, refusedEvidence } from './ledger-error.js'
import { acceptBlock, type LightClient, newestEra } from './light-client.js'
import type { OpenSocket } from './open-socket.js'
import { backOffMs, pause } from './pause.js'

/** A block whose certificate and transactions were checked. */
export type VerifiedBlock = {
  readonly block: Block
  readonly header: BlockHeader
  readonly transactions: readonly Transaction[]
  /** The id of each transaction, in the same order. */
  readonly ids: readonly TxId[]
}

export type FollowOptions = {
  /** Height of the first block to hand over, at least 1. */
  readonly from: number
  /** Called with one block after the other, never two at a time; its failure ends the following. */
  onBlock(block: VerifiedBlock): void | Promise<void>
  /** A connection ended or a block was refused; the following goes on. */
  onError?(error: LedgerError): void
  readonly signal: AbortSignal
}

/** Where blocks come from and what has to know about them. */
export type BlockSource = {
  /** WebSocket address of the ledger's API, without a slash at the end. */
  readonly base: string
  readonly openSocket: OpenSocket
  /** Whose certificates count, as far as it was proven by now. */
  eras(): LightClient
  /** Follows handovers until parameters `revision` are among the `eras`; rejects `LedgerError`. */
  learnParameters(revision: number): Promise<void>
  /** Called before a block is handed over; rejects `LedgerError` when it contradicts what is known. */
  onVerified(block: VerifiedBlock): Promise<void>
}

/** Seconds without any block after which a connection is not believed to be alive, at least. */
const SILENCE_SECONDS_MIN = 30

/**
 * Hands over every block from `from` on in order and without gaps, over any number of connections,
 * until the signal is aborted; then it resolves. Rejects with whatever `onBlock` throws.
 */
export async function followBlocks(source: BlockSource, options: FollowOptions): Promise<void> {
  const { from, signal } = options
  invariant(Number.isSafeInteger(from) && from >= 1, 'blocks are followed from height 1 or later')
  let cursor: Cursor = { tip: undefined, next: from }
  for (let attempt = 0; !signal.aborted; attempt++) {
    const before = cursor.next
    cursor = await followConnection(source, options, cursor)
    if (cursor.next > before) attempt = 0
    // The only way for the pause to fail is the abort, which the loop asks for.
    await pause(backOffMs(attempt, Math.random()), signal).catch(() => {})
  }
}

type Cursor = { readonly tip: BlockHeader | undefined; readonly next: number }

/** One connection from its start to its end: where the next one goes on. */
async function followConnection(
  source: BlockSource,
  { onBlock, onError, signal }: FollowOptions,
  start: Cursor,
): Promise<Cursor> {
  // Heartbeats come about twice in the largest step that time may take.
  const { timeStepSecondsMax } = newestEra(source.eras()).parameters
  const silenceMs = 1_000 * Math.max(SILENCE_SECONDS_MIN, Math.min(4 * timeStepSecondsMax, 3_600))
  const url = `${source.base}/v1/feed?from=${start.next}`
  const frames = new BlockFrames(source.openSocket, url, silenceMs)
  let cursor = start
  try {
    for (;;) {
      const step = await nextBlock(source, frames, cursor, signal)
      if (step instanceof LedgerError) {
        if (!signal.aborted) onError?.(step)
        return cursor
      }
      await onBlock(step.block)
      cursor = step.cursor
    }
  } finally {
    frames.close()
  }
}

/** The next block, verified; the error that ends this connection otherwise. */
async function nextBlock(
  source: BlockSource,
  frames: BlockFrames,
  cursor: Cursor,
  signal: AbortSignal,
): Promise<{ readonly block: VerifiedBlock; readonly cursor: Cursor } | LedgerError> {
  try {
    for (;;) {
      const block = decode(blockCodec, await frames.next(signal))
      if (isRejection(block)) throw malformedAnswer(`a frame of the feed is no block`)
      const { height } = (block as Block).header
      // Around the end of the backlog a server may send a block twice.
      if (height < cursor.next) continue
      return await verifyNext(source, cursor, block as Block)
    }
  } catch (error) {
    if (error instanceof LedgerError) return error
    if (signal.aborted) return new LedgerError({ code: 'aborted', detail: '', retryable: false })
    throw error
  }
}

async function verifyNext(
  source: BlockSource,
  { tip, next }: Cursor,
  block: Block,
): Promise<{ readonly block: VerifiedBlock; readonly cursor: Cursor }> {
  const { height, revision } = block.header
  if (height > next) {
    const detail = `block ${next} is due, not ${height}`
    throw new LedgerError({ code: 'feed_gap', detail, retryable: true })
  }
  await source.learnParameters(revision)
  const accepted = acceptBlock({ ...source.eras(), tip }, block)
  if (isRejection(accepted)) throw refusedEvidence(accepted)
  const verified = readBlock(block)
  await source.onVerified(verified)
  return { block: verified, cursor: { tip: block.header, next: next + 1 } }
}

/** Decodes the transactions of a block that was accepted. */
export function readBlock(block: Block): VerifiedBlock {
  const { header } = block
  const transactions = block.transactions.map((encoded, position) => {
    const transaction = parseTransaction(encoded)
    if (!isRejection(transaction)) return transaction as Transaction
    throw malformedAnswer(`transaction ${position} of block ${header.height} is malformed`)
  })
  const ids = transactions.map(({ body }) => transactionId(header.chainId, body))
  return { block, header, transactions, ids }
}
