import {
  type Block,
  blockCodec,
  type ChainId,
  decode,
  isRejection,
  type Rejection,
} from '@tallystick/protocol'
import type { SignaturePool } from '@tallystick/protocol/workers'
import type { LedgerView } from '../core/ledger-view.js'
import { ReceivedTransactions } from '../core/received-transactions.js'
import type { DecidedBlock } from '../engine/engine.js'
import { BLOCKS_AHEAD } from '../limits.js'
import { verifyReceived } from '../verify/verify-received.js'
import { readAhead } from './read-ahead.js'

/** A block as it is executed; what is valid of its signatures is known. */
export type ReadBlock = Omit<DecidedBlock, 'refuse'>

/** What was delivered as a block and is none. */
export class MalformedBlock extends Error {
  readonly rejection: Rejection<'malformed'>

  constructor(rejection: Rejection<'malformed'>) {
    super(rejection.detail)
    this.rejection = rejection
  }
}

/**
 * Reads encoded blocks, a few ahead of whoever executes them, so that the signatures of the next are
 * checked on all cores meanwhile, as far as `view`, the state some blocks before, tells what they are
 * of. Throws `MalformedBlock`.
 */
export function readBlocks(
  encoded: AsyncIterable<Uint8Array>,
  chainId: ChainId,
  view: LedgerView,
  pool: SignaturePool,
): AsyncGenerator<ReadBlock> {
  return readAhead(readEach(encoded, chainId, view, pool), BLOCKS_AHEAD)
}

async function* readEach(
  encoded: AsyncIterable<Uint8Array>,
  chainId: ChainId,
  view: LedgerView,
  pool: SignaturePool,
): AsyncGenerator<ReadBlock> {
  for await (const bytes of encoded) {
    const decoded = decode(blockCodec, bytes)
    if (isRejection(decoded)) throw new MalformedBlock(decoded)
    const block = decoded as Block
    const received = ReceivedTransactions.of(chainId, block.transactions)
    if (!isRejection(received)) await verifyReceived(pool, view, received)
    yield { block, bytes, received }
  }
}
