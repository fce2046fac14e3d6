import {
  type Block,
  blockCodec,
  decode,
  isRejection,
  PROTOCOL_VERSIONS,
  type TxId,
} from '@tallystick/protocol'
import type { SignaturePool } from '@tallystick/protocol/workers'
import { applyBlock, executeTransactions } from './core/apply-block.js'
import { applyContext } from './core/apply-context.js'
import { boundedCost } from './core/apply-transaction.js'
import type { Candidate } from './core/fill-block.js'
import { StateOverlay } from './core/ledger-view.js'
import { parametersInForce } from './core/parameters-in-force.js'
import { ReceivedTransactions } from './core/received-transactions.js'
import type { Archive } from './history/archive.js'
import { archiveHeight } from './history/archive-index.js'
import { replayArchive } from './history/replay-archive.js'
import { withScratchStore } from './history/scratch-store.js'
import { LedgerFault } from './ledger-fault.js'
import type { Chain } from './node/chain.js'
import { type TipTrace, traceAtTip } from './node/trace-at-tip.js'
import { requireSupportedVersion } from './node/upgrade.js'

/** Which transaction is traced, and from what. */
export type IncludedTrace = {
  readonly archive: Archive
  readonly id: TxId
  /** The block that holds it. Absent: the archive is searched from its beginning. */
  readonly height: number | undefined
  readonly pool: SignaturePool
  readonly onProgress: (what: string) => void
}

/** Where a transaction was found. */
type Found = {
  readonly block: Block
  readonly received: ReceivedTransactions
  readonly position: number
  readonly candidate: Candidate
}

/**
 * Runs a transaction where it is in the chain: on the state before its block, which the archive
 * leads to, and behind the transactions before it. All is checked as `replayArchive` does, the block
 * itself included. `undefined`: the archive does not hold it, or not at `height`.
 */
export async function traceIncluded(traced: IncludedTrace): Promise<TipTrace | undefined> {
  const { archive, pool, onProgress } = traced
  const found = await findTransaction(traced)
  if (found === undefined) return undefined
  const { header } = found.block
  const clock = () => Math.floor(Date.now() / 1_000)
  return withScratchStore(async (store) => {
    const chain = await replayArchive(archive, {
      ...{ store, pool, clock, onProgress },
      ...{ height: header.height - 1, start: 'checkpoint' },
    })
    requireSupportedVersion(
      parametersInForce(chain.state, header.height),
      header.height,
      PROTOCOL_VERSIONS,
    )
    return traceInBlock(chain, found, clock())
  })
}

async function findTransaction({
  archive,
  id,
  height,
  onProgress,
}: IncludedTrace): Promise<Found | undefined> {
  const top = archiveHeight(archive.index)
  if (height !== undefined && height > top) return undefined
  let at = height ?? 1
  for await (const bytes of archive.blocks(at)) {
    const block = decode(blockCodec, bytes)
    if (isRejection(block)) throw refused(at, block)
    const received = ReceivedTransactions.of(archive.chainId, (block as Block).transactions)
    if (isRejection(received)) throw refused(at, received)
    const position = received.ids().indexOf(id)
    if (position >= 0) {
      const candidate = received.candidate(position)
      if (isRejection(candidate)) throw refused(at, candidate)
      return { block: block as Block, received, position, candidate }
    }
    if (height !== undefined) return undefined
    onProgress(`looked for it in block ${at} of ${top}`)
    at++
  }
  return undefined
}

/** `chain`: as the block before left it. */
function traceInBlock(
  { state, tip }: Chain,
  { block, received, position, candidate }: Found,
  clock: number,
): TipTrace {
  const { chainId, time, height } = block.header
  const applied = applyBlock({ state, header: tip.header }, block, clock, received)
  if (isRejection(applied)) throw refused(height, applied)
  applied.staged.discard()
  const place = { chainId, time, height }
  const earlier = ReceivedTransactions.of(chainId, block.transactions.slice(0, position))
  if (isRejection(earlier)) throw refused(height, earlier)
  const before = executeTransactions(state, earlier, place)
  if (isRejection(before)) throw refused(height, before)
  const view = new StateOverlay(state)
  view.absorb(before.writes)
  const { transaction, encoded, checks } = candidate
  const cost = boundedCost(transaction, encoded.length)
  if (typeof cost !== 'number') throw refused(height, cost)
  const context = applyContext(state, place)
  const status = { kind: 'included', height, position, encoded } as const
  const parts = { transaction, bytes: encoded.length, cost, checks, context, status }
  return traceAtTip(view, tip, parts)
}

function refused(
  height: number,
  { code, detail }: { readonly code: string; readonly detail: string },
): LedgerFault {
  return new LedgerFault('history_refused', `block ${height}: ${code}: ${detail}`)
}
