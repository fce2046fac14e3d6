import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { LedgerClient, LedgerError } from '@tallystick/client-sdk'
import { openWsSocket } from '@tallystick/client-sdk/node'
import {
  amount,
  type Channel,
  type ChannelTerms,
  isRejection,
  keyLock,
  LANE_START,
  type LockRoot,
  lockRoot,
  type Operation,
  type Signer,
  TIMESTAMP_MAX,
  timestamp,
} from '@tallystick/protocol'
import { initLedger, type RunningLedgerNode, startLedgerNode } from '@tallystick/settlement'
import { channelFeeTransaction } from '#client-sdk/ledger/channel-fee-transaction.js'
import { finalizeTransaction } from '#client-sdk/ledger/finalize-transaction.js'
import { buildTransaction } from '#client-sdk/ledger/transaction-builder.js'
import { ANCHOR, preimage } from './channel-pair.js'
import { testSigner } from './ledger-world.js'

const FEE_PER_KILO_COST = 100
const [client, hub] = [testSigner(21), testSigner(22)]
const lockOf = ({ publicKey }: Signer): LockRoot => lockRoot(keyLock(publicKey))
const TERMS: ChannelTerms = {
  disputeWindowSeconds: 1,
  unsureWindowSeconds: 3,
  clientPenaltyPpm: 100_000,
  hubPenaltyPpm: 1_000_000,
  itemsMax: 4,
  expirySecondsMax: 1_000,
  itemAmountMin: amount(1n),
  exitReserve: amount(1_000n),
}

describe('LedgerClient and a ledger node', () => {
  let dataDir = ''
  let node: RunningLedgerNode
  let ledger: LedgerClient

  const start = (port: number) =>
    startLedgerNode({
      dataDir,
      host: '127.0.0.1',
      port,
      blockIntervalMs: 20,
      heartbeatMs: 200,
      onFault: (fault) => assert.fail(String(fault)),
    })

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tallystick-'))
    await initLedger({
      ...{ kind: 'new', dataDir, network: 'test', disputeWindowSecondsMin: 1 },
      assets: [{ code: 'GBP', decimals: 2, feePerKiloCost: FEE_PER_KILO_COST }],
      allocations: [{ asset: 0, amount: amount(1_000_000n), lock: lockOf(client) }],
    })
    node = await start(0)
    const { url, chainId } = node
    ledger = await LedgerClient.connect({ url, chainId, openSocket: openWsSocket })
  })
  after(async () => {
    await node.stop()
    await rm(dataDir, { recursive: true, force: true })
  })

  /** A transaction from the client's coins, signed by both sides' keys where they are asked for. */
  async function fromCoins(operations: readonly Operation[], channels: readonly Channel[]) {
    const lock = keyLock(client.publicKey)
    const coins = await ledger.coinsOf(lockRoot(lock))
    const built = buildTransaction({
      chainId: ledger.chainId,
      coins: coins.map((coin) => ({ ...coin, lock, alternative: 0, signers: [client] })),
      outputs: [],
      operations,
      channels,
      signers: [],
      fee: { asset: 0, feePerKiloCost: FEE_PER_KILO_COST },
      changeLock: lockRoot(lock),
      validFrom: timestamp(0),
      validUntil: TIMESTAMP_MAX,
    })
    assert.ok(
      !isRejection(built),
      JSON.stringify(built, (_, v) => (typeof v === 'bigint' ? `${v}` : v)),
    )
    return built
  }

  async function done(transaction: Parameters<LedgerClient['submit']>[0]): Promise<number> {
    return (await ledger.confirmed(await ledger.submit(transaction))).height
  }

  test('a channel from its opening to its last coin', async () => {
    const side = (signer: Signer, deposit: bigint) => {
      return { key: signer.publicKey, deposit: amount(deposit), payoutLock: lockOf(signer) }
    }
    const sides = { client: side(client, 50_000n), hub: side(hub, 0n) }
    await done(
      (await fromCoins([{ kind: 'open', asset: 0, ...sides, terms: TERMS }], [])).transaction,
    )
    const [opened] = await ledger.channelsOf(hub.publicKey)
    assert.ok(opened !== undefined)
    const deposit = { kind: 'deposit', channel: 0, role: 'client', amount: amount(7n) } as const
    await done((await fromCoins([deposit], [opened])).transaction)
    assert.equal((await ledger.channel(0)).value?.client.deposited, 50_007n)

    const exit = channelFeeTransaction({
      chainId: ledger.chainId,
      channel: 0,
      role: 'client',
      signer: client,
      operations: [
        {
          kind: 'forceClose',
          channel: 0,
          by: 'client',
          own: LANE_START,
          unsure: false,
          resume: undefined,
          peer: undefined,
        },
      ],
      reveals: [{ index: 1, link: preimage(1) }],
      feePerKiloCost: FEE_PER_KILO_COST,
      validFrom: timestamp(0),
      validUntil: TIMESTAMP_MAX,
    })
    assert.ok(!isRejection(exit))
    await done(exit.transaction)
    assert.equal((await ledger.reveal(ANCHOR(1), TIMESTAMP_MAX)).value?.index, 1)
    assert.equal((await ledger.reveal(ANCHOR(2), TIMESTAMP_MAX)).value, undefined)
    const { value: closing } = await ledger.channel(0)
    assert.ok(closing?.status.kind === 'closing')
    const { deadline } = closing.status
    while ((await ledger.refresh()).time <= deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    await done(finalizeTransaction(0, 0))
    assert.equal((await ledger.channel(0)).value, undefined)
    assert.deepEqual(await ledger.channelsOf(client.publicKey), [])
    const coins = await ledger.coinsOf(lockOf(client))
    const burnt = (await ledger.asset(0)).value?.burnt ?? 0n
    assert.equal(
      coins.reduce((sum, { coin }) => sum + coin.amount, 0n),
      1_000_000n - burnt,
    )
  })

  test('submitting again is harmless, a spent coin is refused by its code', async () => {
    const built = await fromCoins([], []).catch(() => undefined)
    assert.equal(built?.transaction.body.operations.length, 0)
    assert.ok(built !== undefined)
    await ledger.submit(built.transaction)
    await ledger.submit(built.transaction)
    const height = await done(built.transaction)
    assert.deepEqual(await ledger.transactionStatus(built.id), { kind: 'included', height })
    const again = {
      ...built.transaction,
      body: { ...built.transaction.body, memo: Uint8Array.of(1) },
    }
    await assert.rejects(ledger.submit(again), (error) => {
      assert.ok(error instanceof LedgerError)
      assert.deepEqual([error.code, error.retryable, error.status], ['coin_missing', false, 422])
      assert.ok((error.requestId ?? '').length > 0)
      return true
    })
  })

  test('follows from the first block on, over a restart of the node', async () => {
    const stop = new AbortController()
    const heights: number[] = []
    const errors: string[] = []
    const target = (await ledger.refresh()).height + 12
    let restarted: Promise<void> | undefined
    const restart = async () => {
      const port = Number(new URL(node.url).port)
      await node.stop()
      node = await start(port)
    }
    await ledger.follow({
      from: 1,
      signal: stop.signal,
      onError: ({ code }) => errors.push(code),
      onBlock: ({ header }) => {
        heights.push(header.height)
        if (header.height === target - 6) restarted = restart()
        if (header.height === target) stop.abort()
      },
    })
    await restarted
    assert.deepEqual(
      heights,
      Array.from({ length: target }, (_, i) => i + 1),
    )
    assert.ok(errors.length > 0 && errors.every((code) => code === 'feed_closed'))
    assert.ok((ledger.tip?.height ?? 0) >= target)
  })
})
