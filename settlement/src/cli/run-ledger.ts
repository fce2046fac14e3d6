import { showProgress } from '@tallystick/daemon'
import type { BlockTiming } from '../engine/block-pace.js'
import { startLedgerNode } from '../start-ledger-node.js'
import { type ServeOptions, serveUntilStopped } from './serve-until-stopped.js'

export type RunOptions = ServeOptions & Partial<BlockTiming>

/** `ledger run`: makes blocks and serves. */
export function runLedger(options: RunOptions): Promise<void> {
  const { blockIntervalMs, heartbeatMs } = options
  return serveUntilStopped(options, (config) =>
    showProgress('opening the ledger', () =>
      startLedgerNode({
        ...config,
        ...(blockIntervalMs !== undefined && { blockIntervalMs }),
        ...(heartbeatMs !== undefined && { heartbeatMs }),
      }),
    ),
  )
}
