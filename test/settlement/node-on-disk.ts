import { once } from 'node:events'
import {
  amount,
  type ChainId,
  encode,
  keyLock,
  lockWitness,
  type Outpoint,
  signTransaction,
  TIMESTAMP_MAX,
  type TxId,
  timestamp,
  toHex,
  transactionCodec,
  transactionId,
} from '@tallystick/protocol'
import { initLedger, type RunningLedgerNode } from '@tallystick/settlement'
import { WebSocket } from 'ws'
import { ALICE, BOB, keyLockOf } from './test-ledger.js'

/** A new ledger on which Alice has `coins` coins of 10,000. */
export function initTestLedger(dataDir: string, coins = 10) {
  return initLedger({
    ...{ dataDir, kind: 'new', network: 'test' },
    assets: [{ code: 'GBP', decimals: 2, feePerKiloCost: 1 }],
    allocations: Array.from({ length: coins }, () => {
      return { asset: 0, amount: amount(10_000n), lock: keyLockOf(ALICE.publicKey) }
    }),
  })
}

/** Alice pays 9,990 of a coin to Bob; coin `index` of the genesis unless another is named. */
export function paymentOf(
  chainId: ChainId,
  index: number,
  options: { readonly outpoint?: Outpoint; readonly value?: bigint; readonly until?: number } = {},
): { readonly id: TxId; readonly encoded: Uint8Array; readonly hex: string } {
  const { outpoint = { txId: chainId as string as TxId, index }, value = 9_990n } = options
  const body = {
    validFrom: timestamp(0),
    validUntil: timestamp(options.until ?? TIMESTAMP_MAX),
    inputs: [outpoint],
    operations: [],
    outputs: [{ asset: 0, amount: amount(value), lock: keyLockOf(BOB.publicKey) }],
    reveals: [],
    memo: new Uint8Array(),
  }
  const witnesses = [lockWitness(keyLock(ALICE.publicKey), 0)]
  const transaction = signTransaction(chainId, body, witnesses, [ALICE])
  const encoded = encode(transactionCodec, transaction)
  return { id: transactionId(chainId, body), encoded, hex: toHex(encoded) }
}

export type Answered = { readonly status: number; readonly body: Record<string, unknown> }

/** One request to a node's API and its JSON. */
export async function ask(url: string, path: string, init?: RequestInit): Promise<Answered> {
  const response = await fetch(url + path, init)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

export function submit(url: string, hex: string): Promise<Answered> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ transaction: hex })
  return ask(url, '/v1/transactions', { method: 'POST', headers, body })
}

/** Resolves when a block arrives on the feed after which `isDone` holds. */
export async function afterBlock(url: string, isDone: () => Promise<boolean>): Promise<void> {
  const feed = new WebSocket(`${url.replace('http', 'ws')}/v1/feed`)
  await once(feed, 'open')
  try {
    while (!(await isDone())) await once(feed, 'message')
  } finally {
    feed.terminate()
  }
}

/** Resolves when the transaction is in a block; gives the height. */
export async function included(node: Pick<RunningLedgerNode, 'url'>, id: TxId): Promise<number> {
  let height = 0
  await afterBlock(node.url, async () => {
    const { body } = await ask(node.url, `/v1/transactions/${id}`)
    if (body['status'] === 'included') height = Number(body['height'])
    return height > 0
  })
  return height
}
