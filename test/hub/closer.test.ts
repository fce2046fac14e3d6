import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { KeyCoins, LedgerClient, PROCESS_CLOCK } from '@tallystick/client-sdk'
import {
  amount,
  decodeTrusted,
  isRejection,
  keyLock,
  lockRoot,
  newParty,
  type PublicKey,
  type Rejection,
  type TxId,
  timestamp,
  transactionCodec,
  transactionId,
} from '@tallystick/protocol'
import { Closer } from '#hub/closer/closer.js'
import type { LedgerPort } from '#hub/closer/ledger-port.js'
import type { LiquidityRequest } from '#hub/closer/liquidity-request.js'
import { HubState } from '#hub/core/hub-state.js'
import { ledgerPortOf } from '#hub/ledger/client-ledger-port.js'
import { REQUESTS_PER_CLIENT_MAX } from '#hub/limits.js'
import { openSqliteJournal } from '#hub/store/sqlite-journal.js'
import { LedgerWorld, START, testGenesis } from '../client-sdk/ledger-world.js'
import { StubLedger } from '../client-sdk/stub-ledger.js'
import { SIGNERS, testChannel, testSigner } from '../protocol/test-channel.js'
import { POLICY } from './hub-world.js'

let folder = ''
let files = 0
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tallystick-closer-'))
})
after(() => rm(folder, { recursive: true }))

const LOCK = lockRoot(keyLock(testSigner(3).publicKey))
type Wish =
  | { readonly kind: 'open'; readonly key: PublicKey; readonly inbound: bigint }
  | { readonly kind: 'deposit'; readonly amount: bigint }

/** A closer with `funds` on a ledger, and a channel that is in its books but not on the ledger. */
class Desk {
  readonly #stub: StubLedger
  readonly #closer: Closer
  readonly #missing = testChannel({ number: 99, hub: 5_000n, client: 0n })
  #wake: () => void = () => undefined

  private constructor(
    stub: StubLedger,
    parts: Omit<ConstructorParameters<typeof Closer>[0], 'state' | 'onBatch'>,
  ) {
    this.#stub = stub
    const party = newParty('hub', this.#missing)
    const state = new HubState([{ party, owner: undefined, onward: [], origin: [], waiting: [] }])
    const onBatch = () => setImmediate(() => this.#wake())
    this.#closer = new Closer({ ...parts, state, onBatch }, [])
  }

  /** `port`: what stands between the closer and the ledger. */
  static async open(
    funds: readonly bigint[],
    port: (ledger: LedgerPort) => LedgerPort = (ledger) => ledger,
  ): Promise<Desk> {
    const treasury = testSigner(70)
    const stub = new StubLedger(new LedgerWorld(testGenesis(treasury, [10], [funds])))
    stub.produce(timestamp(START + 1))
    const { fetch, openSocket } = stub
    const ledger = await LedgerClient.connect({ url: 'http://ledger.test', fetch, openSocket })
    const journal = await openSqliteJournal(join(folder, `${files++}.db`), {
      ...{ chainId: ledger.chainId, hub: testSigner(71).publicKey },
    })
    return new Desk(stub, {
      chainId: ledger.chainId,
      policy: POLICY,
      signer: SIGNERS.hub,
      journal,
      coins: new KeyCoins(ledger, treasury, 0),
      ledger: port(ledgerPortOf(ledger)),
      gatherMs: 0,
      clock: PROCESS_CLOCK,
      now: () => timestamp(START + 1),
      onFault: (fault) => assert.fail(String(fault)),
    })
  }

  /** The code of the refusal, or `granted` with the number of operations that one batch brought. */
  ask(wish: Wish, client = testSigner(60).publicKey): Promise<string> {
    return new Promise((resolve) => {
      const answer = (outcome: TxId | Rejection) =>
        resolve(isRejection(outcome) ? (outcome as Rejection).code : 'granted')
      const request: LiquidityRequest =
        wish.kind === 'open'
          ? {
              kind: 'open',
              client,
              answer,
              key: wish.key,
              payoutLock: LOCK,
              inbound: amount(wish.inbound),
            }
          : {
              kind: 'deposit',
              client,
              answer,
              channel: this.#missing.id,
              amount: amount(wish.amount),
            }
      this.#closer.request(request)
    })
  }

  onSubmitted(wake: () => void): void {
    this.#wake = wake
  }

  /** Blocks without anything of the closer's; not waited for, as by the hub. */
  miss(blocks: number): void {
    const { height } = this.#stub.world.header
    for (let more = 1; more <= blocks; more++) {
      this.#closer.meetBlock(height + more, new Set()).catch((fault) => assert.fail(String(fault)))
    }
    setImmediate(() => this.#wake())
  }

  /** Makes blocks of whatever the closer submits until all of `answers` are there. */
  async serve<T>(answers: readonly Promise<T>[]): Promise<T[]> {
    let done = false
    const all = Promise.all(answers).finally(() => {
      done = true
      this.#wake()
    })
    while (!done) {
      await new Promise<void>((wake) => {
        this.#wake = wake
      })
      const { world } = this.#stub
      this.#stub.produce(timestamp(world.header.time + 1))
      const included = world.blocks.at(-1)?.transactions.map((bytes) => {
        return transactionId(world.chainId, decodeTrusted(transactionCodec, bytes).body)
      })
      await this.#closer.meetBlock(world.header.height, new Set(included))
    }
    this.#closer.stop()
    return all
  }
}

const opening = (name: number, inbound = 10_000n): Wish => {
  return { kind: 'open', key: testSigner(name).publicKey, inbound }
}

describe('liquidity that the hub is asked for', () => {
  test('HUB-7 a request that the ledger would refuse is refused alone', async () => {
    const desk = await Desk.open([1_000_000n])
    const answers = [
      desk.ask(opening(10)),
      desk.ask({ ...opening(0), key: SIGNERS.hub.publicKey } as Wish),
      desk.ask({ ...opening(0), key: SIGNERS.client.publicKey } as Wish),
      desk.ask(opening(11)),
      desk.ask(opening(11)),
      desk.ask({ kind: 'deposit', amount: 0n }),
    ]
    assert.deepEqual(await desk.serve(answers), [
      'granted',
      'keys_not_distinct',
      'key_in_use',
      'granted',
      'already_asked',
      'inbound_out_of_bounds',
    ])
  })

  test('HUB-7 what is above the funds is refused alone; smaller ones are served', async () => {
    const desk = await Desk.open([30_000n, 15_000n])
    const answers = [
      desk.ask(opening(10, 900_000n)),
      desk.ask(opening(11, 20_000n)),
      desk.ask(opening(12, 800_000n)),
      desk.ask(opening(13, 15_000n)),
      desk.ask(opening(14, 20_000n)),
      desk.ask(opening(15, 5_000n)),
    ]
    assert.deepEqual(await desk.serve(answers), [
      'hub_out_of_funds',
      'granted',
      'hub_out_of_funds',
      'granted',
      'hub_out_of_funds',
      'granted',
    ])
  })

  test('HUB-7 what only the ledger knows to be wrong is found, and refused alone', async () => {
    const desk = await Desk.open([1_000_000n])
    const answers = [
      ...[10, 11, 12, 13].map((name) => desk.ask(opening(name))),
      desk.ask({ kind: 'deposit', amount: 100n }),
      ...[14, 15].map((name) => desk.ask(opening(name))),
    ]
    const granted = 'granted'
    assert.deepEqual(await desk.serve(answers), [
      ...[granted, granted, granted, granted],
      'channel_missing',
      ...[granted, granted],
    ])
  })

  test('HUB-7 one client cannot fill the queue of the others', async () => {
    const desk = await Desk.open([1_000_000n])
    const greedy = Array.from({ length: REQUESTS_PER_CLIENT_MAX + 1 }, (_, i) =>
      desk.ask(opening(100 + i)),
    )
    const other = desk.ask(opening(10), testSigner(61).publicKey)
    assert.deepEqual(await desk.serve([...greedy, other]), [
      ...Array.from({ length: REQUESTS_PER_CLIENT_MAX }, () => 'granted'),
      'too_many_requests',
      'granted',
    ])
  })

  test('INV-4 HUB-7 a ledger that never says what became of a batch is asked once at a time, and the block that has it counts', async () => {
    let asked = 0
    const desk = await Desk.open([1_000_000n], (ledger) => ({
      ...ledger,
      status: () => {
        asked++
        return new Promise(() => undefined)
      },
    }))
    const answer = desk.ask(opening(10))
    await new Promise<void>((resolve) => desk.onSubmitted(resolve))
    desk.miss(7)
    assert.deepEqual(await desk.serve([answer]), ['granted'])
    assert.equal(asked, 1)
  })
})
