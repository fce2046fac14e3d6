import { type ChainId, PROTOCOL_VERSIONS } from '@tallystick/protocol'
import { serveLedger } from './api/serve-ledger.js'
import { dataFolder } from './data-folder.js'
import { soloEngine } from './engine/solo-engine.js'
import { readGenesisFile } from './genesis-file.js'
import { LedgerNode } from './node/ledger-node.js'
import type { PendingUpgrade } from './node/upgrade.js'
import { openSqliteLedgerStore } from './store/sqlite-ledger-store.js'
import { TipMark } from './store/tip-mark.js'
import { readValidatorKey } from './validator-key.js'

/** What happens in a node that its operator may want to know. */
export type LedgerReport =
  | { readonly kind: 'requestFailed'; readonly requestId: string; readonly error: unknown }
  /** No block can be made at the moment. */
  | { readonly kind: 'stalled'; readonly why: string }
  /** The node will stop before the block with which these rules come into force. */
  | ({ readonly kind: 'upgradeUnsupported' } & PendingUpgrade)

export type LedgerNodeConfig = {
  /** A folder that `initLedger` made. */
  readonly dataDir: string
  /** Absent: 127.0.0.1. */
  readonly host?: string
  /** 0 or absent: any. */
  readonly port?: number
  /** Between two blocks at least, milliseconds. Absent: 1,000. */
  readonly blockIntervalMs?: number
  /** Without transactions a block is made after so long, milliseconds. Absent: 5,000. */
  readonly heartbeatMs?: number
  /** This node's own clock, milliseconds since 1970. Absent: the machine's. */
  readonly clock?: () => number
  /** Versions of the rules to go on under. Absent: all that this program knows. */
  readonly versions?: ReadonlySet<number>
  readonly onReport?: (report: LedgerReport) => void
  /**
   * The node is dead: storage failed, or an invariant broke. Absent: the error is thrown where
   * nothing catches it, which ends the process.
   */
  readonly onFault?: (error: unknown) => void
}

export type RunningLedgerNode = {
  /** Of the API, without a slash at the end. */
  readonly url: string
  readonly chainId: ChainId
  /** Finishes requests and the block under way, and closes the store. */
  stop(): Promise<void>
}

/** Block timing when nothing else is asked for, milliseconds. */
export const TIMING_DEFAULTS = { blockIntervalMs: 1_000, heartbeatMs: 5_000 } as const

/** Starts a node over a data folder; throws `LedgerFault` when it cannot. */
export async function startLedgerNode(config: LedgerNodeConfig): Promise<RunningLedgerNode> {
  const { onReport = () => undefined, onFault = throwUncaught } = config
  const paths = dataFolder(config.dataDir)
  const genesis = await readGenesisFile(paths.genesis)
  const signer = await readValidatorKey(paths.validatorKey)
  const engine = soloEngine(signer)
  const store = await openSqliteLedgerStore(paths.ledger)
  // Only whoever holds the store may touch the mark.
  const mark = await TipMark.open(paths.tipMark)
  const close = async () => {
    await mark.close()
    await store.close()
  }
  try {
    const node = await LedgerNode.open({
      ...{ genesis, store, mark, engine, onFault },
      versions: config.versions ?? PROTOCOL_VERSIONS,
      clock: config.clock ?? Date.now,
      timing: {
        blockIntervalMs: config.blockIntervalMs ?? TIMING_DEFAULTS.blockIntervalMs,
        heartbeatMs: config.heartbeatMs ?? TIMING_DEFAULTS.heartbeatMs,
      },
      onUnsupportedUpgrade: (upgrade) => onReport({ kind: 'upgradeUnsupported', ...upgrade }),
      onStall: (why) => onReport({ kind: 'stalled', why }),
    })
    await node.start()
    const server = await serveLedger({
      ...{ node, host: config.host ?? '127.0.0.1', port: config.port ?? 0 },
      onFailedRequest: (failure) => onReport({ kind: 'requestFailed', ...failure }),
    }).catch(async (error) => {
      await node.stop()
      throw error
    })
    const stop = async () => {
      await server.close()
      await node.stop()
      await close()
    }
    return { url: server.url, chainId: node.chainId, stop }
  } catch (error) {
    await close()
    throw error
  }
}

function throwUncaught(error: unknown): void {
  setImmediate(() => {
    throw error
  })
}
