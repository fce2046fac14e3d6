import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { type ChainId, chainIdOf, type Genesis } from '@tallystick/protocol'
import { SignaturePool } from '@tallystick/protocol/workers'
import { dataFolder } from './data-folder.js'
import { writeDurableFile } from './durable-file.js'
import { FollowEngine } from './follow/follow-engine.js'
import { Upstream } from './follow/upstream.js'
import { writeConflict } from './follow/write-conflict.js'
import { checkedGenesis, readGenesisFile, writtenGenesis } from './genesis-file.js'
import { importLedger } from './import-ledger.js'
import { LedgerFault } from './ledger-fault.js'
import { shownGenesis } from './node/check-tip-mark.js'
import { recreateLedger } from './recreate-ledger.js'
import { type RunningLedgerNode, type ServeConfig, serveNode } from './serve-node.js'
import { writeTipMark } from './store/tip-mark.js'

export type FollowerConfig = ServeConfig & {
  /** Address of the API of the node that is followed. */
  readonly upstream: string
  /** The chain that is meant. Absent in a new folder: the upstream's word for it is taken. */
  readonly chainId?: ChainId
  /** What a new folder begins with. Absent: the genesis. */
  readonly start?: FollowerStart
  /** How far that is. */
  readonly onProgress?: (what: string) => void
}

export type FollowerStart =
  | { readonly kind: 'snapshot'; readonly file: string }
  /** A folder, or the address of one: its last checkpoint, and the blocks behind it. */
  | { readonly kind: 'archive'; readonly archive: string }

/**
 * Starts a node without a key over a data folder, which is made if need be: it executes every block
 * of its upstream, and keeps and serves those that follow from the rules. Throws `LedgerFault`.
 */
export async function startFollower(config: FollowerConfig): Promise<RunningLedgerNode> {
  const { onReport = () => undefined } = config
  const upstream = new Upstream(config.upstream)
  const pool = new SignaturePool('behind')
  try {
    const genesis = await genesisOf(config, upstream, pool)
    const engine = new FollowEngine(upstream, chainIdOf(genesis), pool, onReport, (conflict) =>
      writeConflict(config.dataDir, conflict),
    )
    const node = await serveNode({
      ...{ ...config, genesis, engine },
      follower: {
        status: () => engine.status,
        forward: (encoded) => upstream.submit(encoded),
      },
    })
    const stop = async () => {
      await node.stop()
      await pool.stop()
    }
    return { ...node, stop }
  } catch (error) {
    await pool.stop()
    throw error
  }
}

async function begin(
  start: FollowerStart,
  { dataDir, chainId, onProgress = () => undefined }: FollowerConfig,
  pool: SignaturePool,
): Promise<void> {
  switch (start.kind) {
    case 'snapshot':
      await importLedger({ file: start.file, dataDir, chainId, onProgress })
      break
    case 'archive':
      await recreateLedger({
        ...{ archive: start.archive, start: 'checkpoint', chainId, dataDir, pool, onProgress },
      })
      break
  }
}

/** The genesis in the data folder; a new folder gets the upstream's. */
async function genesisOf(
  config: FollowerConfig,
  upstream: Upstream,
  pool: SignaturePool,
): Promise<Genesis> {
  const { dataDir, chainId } = config
  const path = dataFolder(dataDir).genesis
  if (config.start !== undefined) {
    if (existsSync(path)) config.onReport?.({ kind: 'startIgnored', dataDir })
    else await begin(config.start, config, pool)
  }
  const isNew = !existsSync(path)
  const genesis = isNew
    ? checkedGenesis(upstream.url, await upstream.genesis())
    : await readGenesisFile(path)
  const found = chainIdOf(genesis)
  if (chainId !== undefined && found !== chainId) {
    const where = isNew ? upstream.url : dataDir
    throw new LedgerFault('store_of_another_chain', `${where} is of chain ${found}, not ${chainId}`)
  }
  if (isNew) {
    await mkdir(dataDir, { recursive: true })
    const { tipMark } = dataFolder(dataDir)
    if (!existsSync(tipMark)) {
      await writeTipMark(tipMark, { ...shownGenesis(genesis), part: 'follower' })
    }
    await writeDurableFile(path, writtenGenesis(genesis), 0o644)
  }
  return genesis
}
