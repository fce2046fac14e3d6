import { type ChainId, type Genesis, PROTOCOL_VERSIONS } from '@tallystick/protocol'
import type { ForwardTransaction } from './api/forward-routes.js'
import { serveLedger } from './api/serve-ledger.js'
import type { Engine } from './engine/engine.js'
import { LedgerFault } from './ledger-fault.js'
import { CONNECTIONS_PER_ADDRESS } from './limits.js'
import type { FollowStatus } from './node/follow-status.js'
import { IndexCheck } from './node/index-check.js'
import { LedgerNode } from './node/ledger-node.js'
import type { PendingUpgrade } from './node/upgrade.js'
import { verifyIndex } from './node/verify-index.js'
import { verifyOwners } from './node/verify-owners.js'
import { openNodeFolder } from './open-node-folder.js'
import type { LedgerStore } from './store/ledger-store.js'

/** What happens in a node that its operator may want to know. */
export type LedgerReport =
  | { readonly kind: 'requestFailed'; readonly requestId: string; readonly error: unknown }
  /** No block can be made at the moment. */
  | { readonly kind: 'stalled'; readonly why: string }
  /** A stored block is missing or damaged: it is not served, and the node is not ready. */
  | { readonly kind: 'blockDamaged'; readonly height: number; readonly why: string }
  /** The node will stop before the block with which these rules come into force. */
  | ({ readonly kind: 'upgradeUnsupported' } & PendingUpgrade)
  /** A follower was told how to begin, and goes on in a folder that had begun already. */
  | { readonly kind: 'startIgnored'; readonly dataDir: string }
  /** A follower has executed a block, and is far behind its upstream. */
  | { readonly kind: 'catchingUp'; readonly height: number; readonly upstreamHeight: number }
  /** The upstream of a follower does not answer; it is asked again, less and less often. */
  | { readonly kind: 'upstreamUnreachable'; readonly upstream: string; readonly why: string }
  /** The upstream sent what does not follow from our tip; the tip stays and is served as it is. */
  | {
      readonly kind: 'blockRefused'
      readonly upstream: string
      readonly height: number
      readonly code: string
      readonly detail: string
    }

/** Where and how a node serves, whatever its part in the ledger. */
export type ServeConfig = {
  /** A folder that `initLedger` made. */
  readonly dataDir: string
  /** Absent: 127.0.0.1. */
  readonly host?: string
  /** 0 or absent: any. */
  readonly port?: number
  /** How many of the newest blocks are kept, at least. Absent: all. */
  readonly keepBlocks?: number
  /**
   * How many proxies in front of the node tell whom they serve in `x-forwarded-for`; nothing else may
   * reach its port. Absent: 0, clients are known by their own address.
   */
  readonly trustedProxies?: number
  /** Connections, and requests under way, of one address at a time. Absent: 256. */
  readonly connectionsPerAddress?: number
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

/** What a follower adds to a node. */
export type FollowerParts = {
  readonly status: () => FollowStatus
  readonly forward: ForwardTransaction
}

/**
 * Opens the store of a data folder and runs a node over it; throws `LedgerFault` when it cannot. A
 * node that makes blocks is served once its first turn is over, a follower at once.
 */
export async function serveNode(
  config: ServeConfig & {
    readonly genesis: Genesis
    readonly engine: Engine
    readonly follower?: FollowerParts
  },
): Promise<RunningLedgerNode> {
  const { genesis, engine, follower, onReport = () => undefined, onFault = throwUncaught } = config
  const part = follower === undefined ? 'validator' : 'follower'
  const { store, mark, close } = await openNodeFolder(config.dataDir, part)
  try {
    const node = await LedgerNode.open({
      ...{ genesis, store, mark, engine, onFault },
      versions: config.versions ?? PROTOCOL_VERSIONS,
      clock: config.clock ?? Date.now,
      onUnsupportedUpgrade: (upgrade) => onReport({ kind: 'upgradeUnsupported', ...upgrade }),
      onStall: (why) => onReport({ kind: 'stalled', why }),
      onDamagedBlock: ({ height, message: why }) => onReport({ kind: 'blockDamaged', height, why }),
      ...(config.keepBlocks !== undefined && { keepBlocks: config.keepBlocks }),
      ...(follower !== undefined && { following: follower.status }),
    })
    const started = node.start()
    if (follower === undefined) await started
    else started.catch(onFault)
    const server = await serveLedger({
      ...{ node, host: config.host ?? '127.0.0.1', port: config.port ?? 0 },
      clients: {
        trustedProxies: config.trustedProxies ?? 0,
        connectionsPerAddress: config.connectionsPerAddress ?? CONNECTIONS_PER_ADDRESS,
      },
      onFailedRequest: (failure) => onReport({ kind: 'requestFailed', ...failure }),
      ...(follower !== undefined && { forward: follower.forward }),
    }).catch(async (error) => {
      await node.stop()
      throw error
    })
    const checking = new AbortController()
    const checked = requireLists(store, node, checking.signal).catch(onFault)
    const stop = async () => {
      checking.abort()
      await checked
      // Together: requests under way may wait for what only the node can end.
      await Promise.all([server.close(), node.stop()])
      await close()
    }
    return { url: server.url, chainId: node.chainId, stop }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * Throws `store_corrupt` when lists would not find an entry, or the index a transaction. Beside the
 * work of the node: it takes ten seconds per million entries, and minutes per million transactions,
 * which nobody should wait for at a start.
 */
async function requireLists(
  store: LedgerStore,
  node: LedgerNode,
  signal: AbortSignal,
): Promise<void> {
  const unlisted = await verifyOwners(store, signal)
  const index = new IndexCheck(store, node.chainId, node.channelCount, signal)
  const [damage] = unlisted.length > 0 ? unlisted : await verifyIndex(index, node.stored, signal)
  if (damage !== undefined) throw new LedgerFault('store_corrupt', damage)
}

function throwUncaught(error: unknown): void {
  setImmediate(() => {
    throw error
  })
}
