import {
  type Anchor,
  type AssetId,
  type Block,
  type BlockHeader,
  blockCodec,
  blockHeaderCodec,
  type Certificate,
  type ChannelNumber,
  certificateCodec,
  type EntryKind,
  encode,
  type Genesis,
  genesisCodec,
  type Handover,
  handoverCodec,
  type LockRoot,
  type Outpoint,
  type PublicKey,
  parseHex,
  type StateEntries,
  type StateProof,
  stateProofCodec,
  type Transaction,
  type TxId,
  toHex,
  transactionCodec,
} from '@tallystick/protocol'
import type { Answer } from './answer.js'
import { LedgerError, malformedAnswer } from './ledger-error.js'
import { type LedgerHttp, requestAnswer } from './ledger-http.js'

/** A header as it was answered; nothing about it is verified yet. */
export type AnsweredHeader = {
  readonly header: BlockHeader
  /** Absent at height 0. */
  readonly certificate: Certificate | undefined
}

/** An entry of the state with what proves it under the header; not verified yet. */
export type AnsweredEntry = AnsweredHeader & {
  readonly value: Uint8Array | undefined
  readonly proof: StateProof
}

/** The server's word on a transaction; only `included` can be checked. */
export type AnsweredStatus =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'pending' }
  | {
      readonly kind: 'included'
      readonly height: number
      readonly position: number
      readonly transaction: Uint8Array
    }
  | { readonly kind: 'rejected'; readonly code: string; readonly detail: string }

/** Items that one page of a list is asked for. */
const PAGE_ITEMS = 100
/** Items that a list is read to: what a server or a stranger can make a client fetch ends here. */
const LIST_ITEMS_MAX = 10_000

type Signal = AbortSignal | undefined

/** Where a transaction is. */
export type BlockPlace = { readonly height: number; readonly position: number }

/** The genesis that the server says it has; its hash is for the caller to compare. */
export async function fetchGenesis(http: LedgerHttp, signal: Signal): Promise<Genesis> {
  const answer = await requestAnswer(http, { path: '/v1/genesis', signal })
  return answer.decoded('genesis', genesisCodec)
}

export async function fetchLatestHeader(http: LedgerHttp, signal: Signal): Promise<AnsweredHeader> {
  return answeredHeader(await requestAnswer(http, { path: '/v1/headers/latest', signal }))
}

/** Throws `LedgerError` when the server has no such block. */
export async function fetchBlock(http: LedgerHttp, height: number, signal: Signal): Promise<Block> {
  const answer = await requestAnswer(http, { path: `/v1/blocks/${height}`, signal })
  return answer.decoded('block', blockCodec)
}

/** Where each kind of entry is found. */
const ENTRY_PATHS: { readonly [Kind in EntryKind]: (key: StateEntries[Kind]['key']) => string } = {
  parameters: () => '/v1/parameters',
  channelCount: () => '/v1/channel-count',
  asset: ({ asset }: { readonly asset: AssetId }) => `/v1/assets/${asset}`,
  coin: ({ txId, index }: Outpoint) => `/v1/coins/${txId}/${index}`,
  channel: ({ channel }: { readonly channel: ChannelNumber }) => `/v1/channels/${channel}`,
  reveal: ({ anchor }: { readonly anchor: Anchor }) => `/v1/reveals/${anchor}`,
  revealStep: ({ anchor, step }: { readonly anchor: Anchor; readonly step: number }) =>
    `/v1/reveals/${anchor}/steps/${step}`,
  assetCount: () => '/v1/assets/count',
  parametersChange: () => '/v1/parameters/change',
}

export async function fetchEntry<Kind extends EntryKind>(
  http: LedgerHttp,
  kind: Kind,
  key: StateEntries[Kind]['key'],
  signal: Signal,
): Promise<AnsweredEntry> {
  const answer = await requestAnswer(http, { path: ENTRY_PATHS[kind](key), signal })
  return {
    ...answeredHeader(answer),
    value: answer.isNull('value') ? undefined : answer.bytes('value'),
    proof: answer.decoded('proof', stateProofCodec),
  }
}

/** One page of handovers to parameters that came into force at `from` or later; not verified. */
export async function fetchHandovers(
  http: LedgerHttp,
  from: number,
  signal: Signal,
): Promise<Handover[]> {
  const path = `/v1/parameter-changes?from=${from}&limit=${PAGE_ITEMS}`
  const page = await requestAnswer(http, { path, signal })
  return page.list('data').map((item) => item.decoded('handover', handoverCodec))
}

/** Outpoints that the server lists for a lock, unproven, each once; the first 10,000. */
export async function listCoins(
  http: LedgerHttp,
  lock: LockRoot,
  signal: Signal,
): Promise<Outpoint[]> {
  const items = await listAll(http, `/v1/coins?lock=${lock}`, signal)
  const outpoints = items.map((item) => ({
    txId: txIdOf(item, 'tx_id'),
    index: item.number('index'),
  }))
  return [...new Map(outpoints.map((at) => [`${at.txId}:${at.index}`, at])).values()]
}

/** Numbers of the channels that the server lists for a key, unproven, each once. */
export async function listChannels(
  http: LedgerHttp,
  key: PublicKey,
  signal: Signal,
): Promise<ChannelNumber[]> {
  const items = await listAll(http, `/v1/channels?key=${key}`, signal)
  return [...new Set(items.map((item) => item.number('number')))]
}

/** Places of the transactions that the server lists for a channel, unproven, oldest first. */
export async function listChannelTransactions(
  http: LedgerHttp,
  number: ChannelNumber,
  signal: Signal,
): Promise<BlockPlace[]> {
  const items = await listAll(http, `/v1/channels/${number}/transactions?`, signal)
  return items.map((item) => ({
    height: item.number('height'),
    position: item.number('position'),
  }))
}

/** Hands a transaction in: the id by which the server knows it. Throws its refusal. */
export async function postTransaction(
  http: LedgerHttp,
  transaction: Transaction,
  signal: Signal,
): Promise<TxId> {
  const body = { transaction: toHex(encode(transactionCodec, transaction)) }
  return txIdOf(await requestAnswer(http, { path: '/v1/transactions', signal, body }), 'id')
}

export async function fetchTransactionStatus(
  http: LedgerHttp,
  id: TxId,
  signal: Signal,
): Promise<AnsweredStatus> {
  try {
    return answeredStatus(await requestAnswer(http, { path: `/v1/transactions/${id}`, signal }))
  } catch (error) {
    if (error instanceof LedgerError && error.status === 404) return { kind: 'unknown' }
    throw error
  }
}

function answeredStatus(answer: Answer): AnsweredStatus {
  const status = answer.text('status', 16)
  switch (status) {
    case 'pending':
      return { kind: 'pending' }
    case 'included': {
      const [height, position] = [answer.number('height'), answer.number('position')]
      return { kind: 'included', height, position, transaction: answer.bytes('transaction') }
    }
    case 'rejected':
      return {
        kind: 'rejected',
        code: answer.text('code', 64),
        detail: answer.text('detail', 2_048),
      }
  }
  throw malformedAnswer(`a transaction is not '${status}'`)
}

function answeredHeader(answer: Answer): AnsweredHeader {
  const header = answer.decoded('header', blockHeaderCodec)
  const certificate = answer.isNull('certificate')
    ? undefined
    : answer.decoded('certificate', certificateCodec)
  return { header, certificate }
}

async function listAll(http: LedgerHttp, path: string, signal: Signal): Promise<Answer[]> {
  const items: Answer[] = []
  let page = await requestAnswer(http, { path: `${path}&limit=${PAGE_ITEMS}`, signal })
  for (;;) {
    const found = page.list('data')
    items.push(...found)
    if (!page.flag('has_more') || items.length >= LIST_ITEMS_MAX) return items
    if (found.length === 0) throw malformedAnswer(`${path}: an empty page says that more follows`)
    const cursor = encodeURIComponent(page.text('next', 256))
    page = await requestAnswer(http, {
      path: `${path}&limit=${PAGE_ITEMS}&cursor=${cursor}`,
      signal,
    })
  }
}

function txIdOf(answer: Answer, name: string): TxId {
  const id = answer.text(name, 64)
  if (id.length !== 64 || parseHex(id) === undefined)
    throw malformedAnswer(`${name} is 32 bytes in hex`)
  return id as TxId
}
