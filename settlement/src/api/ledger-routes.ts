import {
  type Block,
  blockCodec,
  decodeTrusted,
  type EntryKind,
  encode,
  genesisCodec,
  type Outpoint,
  STATE_ENTRIES,
  type StateEntries,
} from '@tallystick/protocol'
import express, { type Request, type Router } from 'express'
import type { z } from 'zod'
import { PAGE_BYTES_MAX } from '../limits.js'
import type { LedgerNode } from '../node/ledger-node.js'
import type { Clients } from './clients.js'
import { openApiDocument } from './openapi-document.js'
import { complaint } from './parameters.js'
import { type Problem, prunedProblem, sendProblem } from './problem.js'
import {
  blockResource,
  channelResource,
  coinResource,
  entryResource,
  handoverResource,
  headerResource,
  hexOf,
  pageResource,
  placesResource,
} from './resource.js'
import { roleResource } from './role-resource.js'
import { ROUTES } from './routes.js'

/** What a handler gives back: the JSON of the answer, or why there is none. */
type Reply<Answered> = { readonly json: Answered } | { readonly problem: Problem }

const ALIVE = { json: { status: 'ok' } } as const

type ReadRoute<Asked, Answered extends object> = {
  readonly path: string
  readonly asked: z.ZodType<Asked>
  readonly answered: z.ZodType<Answered>
}

/** All that can be read of a ledger. */
export function ledgerRoutes(node: LedgerNode, clients: Clients): Router {
  const router = express.Router()
  const get = <Asked, Answered extends object>(
    { path, asked }: ReadRoute<Asked, Answered>,
    answer: (asked: Asked) => Reply<NoInfer<Answered>> | Promise<Reply<NoInfer<Answered>>>,
  ) =>
    router.get(path, async (request, response) => {
      const given = await replyTo(request, asked, answer)
      if ('problem' in given) sendProblem(response, given.problem)
      else clients.answer(request, response, given.json)
    })
  const entry = <Kind extends EntryKind>(kind: Kind, key: StateEntries[Kind]['key']) => ({
    json: entryResource(node.prove(kind, key)),
  })

  get(ROUTES.livez, () => ALIVE)
  get(ROUTES.readyz, () => (node.isReady ? ALIVE : notReady(node)))
  get(ROUTES.openapi, () => ({ json: { ...openApiDocument() } }))
  get(ROUTES.status, () => ({ json: statusOf(node) }))
  get(ROUTES.genesis, () => ({
    json: { chain_id: node.chainId, genesis: hexOf(encode(genesisCodec, node.genesis)) },
  }))
  get(ROUTES.latestHeader, () => ({
    json: headerResource(node.tip.header, node.tip.certificate),
  }))
  get(ROUTES.header, async ({ height }) => {
    if (height === 0) return { json: headerResource(node.genesisHeader, undefined) }
    const stored = await node.stored.block(height)
    if (stored === undefined) return noBlock(node, height)
    const { header, certificate } = decodeTrusted<Block>(blockCodec, stored.bytes)
    return { json: headerResource(header, certificate) }
  })
  get(ROUTES.block, async ({ height }) => {
    const stored = await node.stored.block(height)
    return stored === undefined ? noBlock(node, height) : { json: blockResource(stored) }
  })
  get(ROUTES.blocks, async ({ from, cursor, limit }) =>
    from === undefined
      ? await blocksDown(node, cursor, limit)
      : await blocksUp(node, Math.max(from, 1), limit),
  )
  get(ROUTES.blockTransactions, async ({ height, cursor, limit }) => {
    if (height < node.firstHeight || height > node.tip.header.height) return noBlock(node, height)
    const page = await node.stored.index.transactionsOf(height, { after: cursor, limit })
    return page === undefined ? noBlock(node, height) : { json: placesResource(page) }
  })
  get(ROUTES.parameters, () => entry('parameters', {}))
  get(ROUTES.parametersChange, () => entry('parametersChange', {}))
  get(ROUTES.parameterChanges, async ({ from, limit }) => {
    const found = await node.stored.handovers(from, limit + 1)
    const shown = found.slice(0, limit)
    const next = found[limit]?.activationHeight ?? null
    return { json: { data: shown.map(handoverResource), has_more: next !== null, next } }
  })
  get(ROUTES.channelCount, () => entry('channelCount', {}))
  get(ROUTES.assetCount, () => entry('assetCount', {}))
  get(ROUTES.asset, ({ id }) => entry('asset', { asset: id }))
  get(ROUTES.coin, (outpoint) => entry('coin', outpoint))
  get(ROUTES.coinTransactions, async (outpoint) => {
    const found = await coinTransactions(node, outpoint)
    return found === undefined ? noCoin(node, outpoint) : { json: found }
  })
  get(ROUTES.channel, ({ number }) => entry('channel', { channel: number }))
  get(ROUTES.channelTransactions, async ({ number, cursor, limit }) => {
    const opened = channelsOpened(node)
    if (number >= opened) return noChannel(number, opened)
    const page = await node.stored.index.usesOf(number, { after: cursor, limit })
    return { json: placesResource(page) }
  })
  get(ROUTES.reveal, (key) => entry('reveal', key))
  get(ROUTES.revealStep, (key) => entry('revealStep', key))
  get(ROUTES.coins, async ({ lock, cursor, limit }) => {
    const found = await node.stored.coinsOf(lock, { after: cursor, limit: limit + 1 })
    return { json: pageResource(found, limit, coinResource) }
  })
  get(ROUTES.channels, async ({ key, cursor, limit }) => {
    const found = await node.stored.channelsOf(key, { after: cursor, limit: limit + 1 })
    return { json: pageResource(found, limit, channelResource) }
  })
  return router
}

type Blocks = z.infer<typeof ROUTES.blocks.answered>

async function blocksUp(node: LedgerNode, from: number, limit: number): Promise<Reply<Blocks>> {
  if (from < node.firstHeight) return { problem: prunedProblem(node.firstHeight) }
  const blocks = await node.stored.blocks(from, limit, PAGE_BYTES_MAX)
  const last = blocks.at(-1)?.height
  const hasMore = last !== undefined && last < node.tip.header.height
  const next = hasMore ? last + 1 : null
  return { json: { data: blocks.map(blockResource), has_more: hasMore, next } }
}

/** Blocks below a height, or from the tip down; `next` is the height to go on below. */
async function blocksDown(
  node: LedgerNode,
  below: number | undefined,
  limit: number,
): Promise<Reply<Blocks>> {
  const { firstHeight, tip, stored } = node
  const from = below === undefined ? tip.header.height : below - 1
  if (from > 0 && from < firstHeight) return { problem: prunedProblem(firstHeight) }
  const blocks = await stored.blocksDown(from, limit, PAGE_BYTES_MAX)
  const last = blocks.at(-1)?.height
  // Where those below were pruned there is a next page, which says so.
  const next = last !== undefined && last > 1 ? last : null
  return { json: { data: blocks.map(blockResource), has_more: next !== null, next } }
}

/** `undefined` when no such coin is known. Nobody created one of the genesis. */
async function coinTransactions(node: LedgerNode, outpoint: Outpoint) {
  const spent = (await node.stored.index.spendOf(outpoint)) ?? null
  if (spent === null && node.prove('coin', outpoint).value === undefined) return undefined
  const found = await node.stored.index.find(outpoint.txId)
  if (found === undefined) return { created: null, spent }
  const { id, height, position } = found
  return { created: { id, height, position }, spent }
}

function noCoin(node: LedgerNode, { txId, index }: Outpoint): { readonly problem: Problem } {
  const { firstHeight } = node
  if (firstHeight > 1) return { problem: prunedProblem(firstHeight) }
  return { problem: { code: 'not_found', detail: `coin ${txId}:${index} never was` } }
}

/** How many channels were ever opened: they are numbered from 0. */
function channelsOpened(node: LedgerNode): number {
  const { value } = node.prove('channelCount', {})
  return value === undefined ? 0 : decodeTrusted(STATE_ENTRIES.channelCount.value, value).count
}

function noChannel(number: number, opened: number): { readonly problem: Problem } {
  const detail = `channel ${number} was never opened; ${opened} were, numbered from 0`
  return { problem: { code: 'not_found', detail } }
}

function replyTo<T, Answered>(
  request: Request,
  schema: z.ZodType<T>,
  answer: (asked: T) => Reply<Answered> | Promise<Reply<Answered>>,
): Reply<Answered> | Promise<Reply<Answered>> {
  const asked = schema.safeParse({ ...request.query, ...request.params })
  if (asked.success) return answer(asked.data)
  return { problem: { code: 'bad_request', detail: complaint(asked.error) } }
}

function notReady({ stored: { damagedBlock } }: LedgerNode): { readonly problem: Problem } {
  const detail = damagedBlock?.message ?? 'no blocks are made, or followed closely, now'
  return { problem: { code: 'not_ready', detail } }
}

function statusOf(node: LedgerNode) {
  const { upgrade } = node
  const { header, id } = node.tip
  return {
    network: node.genesis.network,
    chain_id: node.chainId,
    height: header.height,
    time: header.time,
    block_id: id,
    first_block: node.firstHeight,
    mempool_transactions: node.mempoolSize,
    mempool_fee_rate_ppm: node.leastFeeRatePpm.toString(),
    protocol_version: header.version,
    supported_versions: [...node.versions],
    upgrade_pending:
      upgrade === undefined
        ? null
        : {
            version: upgrade.version,
            activation_height: upgrade.activationHeight,
            supported: upgrade.isSupported,
          },
    ...roleResource(node.following, header.height),
  }
}

function noBlock(node: LedgerNode, height: number): { readonly problem: Problem } {
  const { firstHeight } = node
  if (height === 0) {
    const detail =
      'there is no block 0: blocks begin with 1, and /v1/genesis tells of what is before'
    return { problem: { code: 'not_found', detail } }
  }
  if (height < firstHeight) return { problem: prunedProblem(firstHeight) }
  return { problem: { code: 'not_found', detail: `there is no block ${height} yet` } }
}
