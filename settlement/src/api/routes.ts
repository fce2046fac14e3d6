import type { z } from 'zod'
import { ANSWERED } from './answers.js'
import { PARAMETERS } from './parameters.js'

/** An address of the API, as it is served and as the OpenAPI document describes it. */
export type Route = {
  readonly method: 'get' | 'post'
  /** As express reads it: `:name` is a parameter. */
  readonly path: string
  readonly summary: string
  /** Of path and query together; the names in `path` are the path's. */
  readonly asked: z.ZodObject
  readonly answered: z.ZodType
  /** Statuses of answers that are no refusal; absent: 200. */
  readonly statuses?: readonly number[]
}

const get = <Asked extends z.ZodObject, Answered extends z.ZodType>(
  path: string,
  summary: string,
  asked: Asked,
  answered: Answered,
) => ({ method: 'get', path, summary, asked, answered }) as const

/** Every address of the API but the feed, which is a WebSocket (API-5). */
export const ROUTES = {
  livez: get('/livez', 'The process runs', PARAMETERS.none, ANSWERED.alive),
  readyz: get('/readyz', 'Blocks are made, or followed closely', PARAMETERS.none, ANSWERED.alive),
  openapi: get('/v1/openapi.json', 'This document', PARAMETERS.none, ANSWERED.openapi),
  status: get('/v1/status', 'Where the node stands', PARAMETERS.none, ANSWERED.status),
  genesis: get('/v1/genesis', 'What the chain began with', PARAMETERS.none, ANSWERED.genesis),
  latestHeader: get('/v1/headers/latest', 'The newest header', PARAMETERS.none, ANSWERED.header),
  header: get('/v1/headers/:height', 'A header', PARAMETERS.height, ANSWERED.header),
  block: get('/v1/blocks/:height', 'A block', PARAMETERS.height, ANSWERED.block),
  blocks: get(
    '/v1/blocks',
    'Blocks: newest first, or from a height on',
    PARAMETERS.blocks,
    ANSWERED.blocks,
  ),
  blockTransactions: get(
    '/v1/blocks/:height/transactions',
    'The transactions of a block, in its order',
    PARAMETERS.blockTransactions,
    ANSWERED.transactions,
  ),
  parameters: get('/v1/parameters', 'The parameters', PARAMETERS.none, ANSWERED.entry),
  parametersChange: get(
    '/v1/parameters/change',
    'Parameters that are scheduled',
    PARAMETERS.none,
    ANSWERED.entry,
  ),
  parameterChanges: get(
    '/v1/parameter-changes',
    'Handovers to new parameters, from an activation height on',
    PARAMETERS.parameterChanges,
    ANSWERED.parameterChanges,
  ),
  assetCount: get('/v1/assets/count', 'How many assets there are', PARAMETERS.none, ANSWERED.entry),
  channelCount: get(
    '/v1/channel-count',
    'How many channels were ever opened',
    PARAMETERS.none,
    ANSWERED.entry,
  ),
  asset: get('/v1/assets/:id', 'An asset', PARAMETERS.asset, ANSWERED.entry),
  coin: get('/v1/coins/:txId/:index', 'A coin', PARAMETERS.coin, ANSWERED.entry),
  coinTransactions: get(
    '/v1/coins/:txId/:index/transactions',
    'Which transactions created and spent a coin',
    PARAMETERS.coin,
    ANSWERED.coinTransactions,
  ),
  channel: get('/v1/channels/:number', 'A channel', PARAMETERS.channel, ANSWERED.entry),
  channelTransactions: get(
    '/v1/channels/:number/transactions',
    'Which transactions opened, changed and closed a channel, oldest first',
    PARAMETERS.channelTransactions,
    ANSWERED.transactions,
  ),
  reveal: get('/v1/reveals/:anchor', 'The steps of an anchor', PARAMETERS.reveal, ANSWERED.entry),
  revealStep: get(
    '/v1/reveals/:anchor/steps/:step',
    'One step of an anchor',
    PARAMETERS.revealStep,
    ANSWERED.entry,
  ),
  coins: get('/v1/coins', 'The coins under a lock', PARAMETERS.coins, ANSWERED.coins),
  channels: get('/v1/channels', 'The channels of a key', PARAMETERS.channels, ANSWERED.channels),
  transaction: get(
    '/v1/transactions/:id',
    'Where a transaction stands',
    PARAMETERS.transaction,
    ANSWERED.transaction,
  ),
  traceWaiting: get(
    '/v1/transactions/:id/trace',
    'Run a transaction that waits, rule by rule, behind those that it builds on',
    PARAMETERS.transaction,
    ANSWERED.trace,
  ),
  submit: {
    method: 'post',
    path: '/v1/transactions',
    summary: 'Hand a transaction in: 202 once it is on disk, 200 when a block holds it',
    asked: PARAMETERS.none,
    answered: ANSWERED.submission,
    statuses: [200, 202],
  },
  trace: {
    method: 'post',
    path: '/v1/transactions/trace',
    summary: 'Run a transaction on the tip, rule by rule, and change nothing',
    asked: PARAMETERS.none,
    answered: ANSWERED.trace,
  },
} as const satisfies Readonly<Record<string, Route>>
