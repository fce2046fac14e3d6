import { dataFolder } from './data-folder.js'
import type { BlockTiming } from './engine/block-pace.js'
import { soloEngine } from './engine/solo-engine.js'
import { readGenesisFile } from './genesis-file.js'
import { type RunningLedgerNode, type ServeConfig, serveNode } from './serve-node.js'
import { readValidatorKey } from './validator-key.js'

/** Timing that is absent: `TIMING_DEFAULTS`. */
export type LedgerNodeConfig = ServeConfig & Partial<BlockTiming>

/** Block timing when nothing else is asked for, milliseconds. */
export const TIMING_DEFAULTS: BlockTiming = { blockIntervalMs: 1_000, heartbeatMs: 5_000 }

/** Starts a node that makes blocks over a data folder; throws `LedgerFault` when it cannot. */
export async function startLedgerNode(config: LedgerNodeConfig): Promise<RunningLedgerNode> {
  const paths = dataFolder(config.dataDir)
  const genesis = await readGenesisFile(paths.genesis)
  const signer = await readValidatorKey(paths.validatorKey)
  const engine = soloEngine(signer, {
    blockIntervalMs: config.blockIntervalMs ?? TIMING_DEFAULTS.blockIntervalMs,
    heartbeatMs: config.heartbeatMs ?? TIMING_DEFAULTS.heartbeatMs,
  })
  return serveNode({ ...config, genesis, engine })
}
