import {
  type Block,
  blockCodec,
  decodeTrusted,
  type EntryKind,
  encode,
  genesisCodec,
  PROTOCOL_VERSION,
  type StateEntries,
} from '@tallystick/protocol'
import express, { type Request, type Response, type Router } from 'express'
import type { z } from 'zod'
import { PAGE_BYTES_MAX } from '../limits.js'
import type { LedgerNode } from '../node/ledger-node.js'
import { complaint, PARAMETERS } from './parameters.js'
import { type Problem, prunedProblem, sendProblem } from './problem.js'
import {
  blockResource,
  channelResource,
  coinResource,
  entryResource,
  headerResource,
  hexOf,
  pageResource,
} from './resource.js'
import { roleResource } from './role-resource.js'

/** What a handler gives back: the JSON of the answer, or why there is none. */
type Reply = { readonly json: object } | { readonly problem: Problem }

/** All that can be read of a ledger. */
export function ledgerRoutes(node: LedgerNode): Router {
  const router = express.Router()
  const get = <T>(
    path: string,
    schema: z.ZodType<T>,
    answer: (asked: T) => Reply | Promise<Reply>,
  ) => router.get(path, (request, response) => reply(request, response, schema, answer))
  const entry = <Kind extends EntryKind>(kind: Kind, key: StateEntries[Kind]['key']): Reply => ({
    json: entryResource(node.prove(kind, key)),
  })

  get('/status', PARAMETERS.none, () => ({ json: statusOf(node) }))
  get('/genesis', PARAMETERS.none, () => ({
    json: { chain_id: node.chainId, genesis: hexOf(encode(genesisCodec, node.genesis)) },
  }))
  get('/headers/latest', PARAMETERS.none, () => ({
    json: headerResource(node.tip.header, node.tip.certificate),
  }))
  get('/headers/:height', PARAMETERS.height, async ({ height }) => {
    if (height === 0) return { json: headerResource(node.genesisHeader, undefined) }
    const stored = await node.block(height)
    if (stored === undefined) return noBlock(node, height)
    const { header, certificate } = decodeTrusted<Block>(blockCodec, stored.bytes)
    return { json: headerResource(header, certificate) }
  })
  get('/blocks/:height', PARAMETERS.height, async ({ height }) => {
    const stored = await node.block(height)
    return stored === undefined ? noBlock(node, height) : { json: blockResource(stored) }
  })
  get('/blocks', PARAMETERS.blocks, async ({ from, limit }) => {
    const { firstHeight } = node
    if (Math.max(from, 1) < firstHeight) return { problem: prunedProblem(firstHeight) }
    const blocks = await node.blocks(Math.max(from, 1), limit, PAGE_BYTES_MAX)
    const last = blocks.at(-1)?.height
    const hasMore = last !== undefined && last < node.tip.header.height
    const next = hasMore ? last + 1 : null
    return { json: { data: blocks.map(blockResource), has_more: hasMore, next } }
  })
  get('/parameters', PARAMETERS.none, () => entry('parameters', {}))
  get('/assets/:id', PARAMETERS.asset, ({ id }) => entry('asset', { asset: id }))
  get('/coins/:txId/:index', PARAMETERS.coin, (outpoint) => entry('coin', outpoint))
  get('/channels/:number', PARAMETERS.channel, ({ number }) =>
    entry('channel', { channel: number }),
  )
  get('/reveals/:anchor', PARAMETERS.reveal, (key) => entry('reveal', key))
  get('/reveals/:anchor/steps/:step', PARAMETERS.revealStep, (key) => entry('revealStep', key))
  get('/coins', PARAMETERS.coins, async ({ lock, cursor, limit }) => {
    const found = await node.coinsOf(lock, { after: cursor, limit: limit + 1 })
    return { json: pageResource(found, limit, coinResource) }
  })
  get('/channels', PARAMETERS.channels, async ({ key, cursor, limit }) => {
    const found = await node.channelsOf(key, { after: cursor, limit: limit + 1 })
    return { json: pageResource(found, limit, channelResource) }
  })
  return router
}

async function reply<T>(
  request: Request,
  response: Response,
  schema: z.ZodType<T>,
  answer: (asked: T) => Reply | Promise<Reply>,
): Promise<void> {
  const asked = schema.safeParse({ ...request.query, ...request.params })
  if (!asked.success) {
    sendProblem(response, { code: 'bad_request', detail: complaint(asked.error) })
    return
  }
  const given = await answer(asked.data)
  if ('problem' in given) sendProblem(response, given.problem)
  else response.json(given.json)
}

function statusOf(node: LedgerNode) {
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
    protocol_version: PROTOCOL_VERSION,
    ...roleResource(node.following, header.height),
  }
}

function noBlock(node: LedgerNode, height: number): Reply {
  const { firstHeight } = node
  if (height < firstHeight && height > 0) return { problem: prunedProblem(firstHeight) }
  return { problem: { code: 'not_found', detail: `there is no block ${height} yet` } }
}
