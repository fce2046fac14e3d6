import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Block,
  type BlockHeader,
  decodeTrusted,
  type Handover,
  handoverCodec,
  isRejection,
  keyLock,
  lockRoot,
  type Parameters,
  type Signer,
  TIMESTAMP_MAX,
  type Transaction,
  timestamp,
} from '@tallystick/protocol'
import fc from 'fast-check'
import { awaitedKeys, coSign } from '#client-sdk/ledger/co-sign.js'
import { LedgerClient } from '#client-sdk/ledger/ledger-client.js'
import { LedgerError } from '#client-sdk/ledger/ledger-error.js'
import { parametersProposal } from '#client-sdk/ledger/ledger-operations.js'
import {
  acceptBlock,
  acceptHandover,
  acceptHeader,
  type LightClient,
  newestEra,
  startLightClient,
} from '#client-sdk/ledger/light-client.js'
import { checkProperty } from '../settlement/check-property.js'
import {
  certifyBy,
  LedgerWorld,
  START,
  testGenesis,
  testSigner,
  VALIDATOR,
} from './ledger-world.js'
import { StubLedger } from './stub-ledger.js'

const OWNER = testSigner(1)
const [SECOND, THIRD, FOURTH] = [testSigner(201), testSigner(202), testSigner(203)]
const SIGNERS = [VALIDATOR, SECOND, THIRD, FOURTH]

function keysOf(...signers: readonly Signer[]) {
  return signers.map(({ publicKey }) => publicKey).sort()
}

/** A ledger whose validators change at 12, 24 and 36: 1 of 1, then 2 of 3, then others, then rates. */
class ChangingWorld extends LedgerWorld {
  constructor() {
    super(testGenesis(OWNER, [10, 0], [Array.from({ length: 8 }, () => 100_000n)]))
    this.signers.push(SECOND, THIRD, FOURTH)
  }

  get parameters(): Parameters {
    return this.state.read('parameters', {}) ?? assert.fail()
  }

  tick(...transactions: readonly Transaction[]): Block {
    return this.produce(timestamp(this.header.time + 1), ...transactions)
  }

  tickUntil(height: number): void {
    while (this.header.height < height) this.tick()
  }

  /** A proposal, or a withdrawal, that its validators have signed, over a coin of the genesis. */
  proposal(
    coin: number,
    activationHeight: number,
    change: Partial<Parameters> | undefined,
  ): Transaction {
    const now = this.parameters
    const outpoint = { txId: this.chainId as never, index: coin }
    const held = this.state.read('coin', outpoint) ?? assert.fail()
    const lock = keyLock(OWNER.publicKey)
    const plan = {
      chainId: this.chainId,
      coins: [{ outpoint, coin: held, lock, alternative: 0, signers: [OWNER] }],
      signers: [],
      fee: now.feeRates[0] ?? assert.fail(),
      changeLock: lockRoot(lock),
      validFrom: timestamp(0),
      validUntil: TIMESTAMP_MAX,
    }
    const parameters = { ...now, revision: now.revision + 1, ...change }
    const validators = now.validators.slice(0, now.quorum)
    const proposed = change && { activationHeight, parameters }
    const built = parametersProposal(plan, proposed, validators)
    if (isRejection(built)) assert.fail(built.detail)
    assert.deepEqual(awaitedKeys(this.chainId, built.transaction), validators)
    let { transaction } = built
    for (const key of validators) {
      const signer = SIGNERS.find(({ publicKey }) => publicKey === key) ?? assert.fail()
      const signed = coSign(this.chainId, transaction, signer)
      if (isRejection(signed)) assert.fail(signed.detail)
      transaction = signed
    }
    assert.deepEqual(awaitedKeys(this.chainId, transaction), [])
    const stranger = coSign(this.chainId, transaction, testSigner(99))
    assert.ok(isRejection(stranger) && stranger.code === 'signer_unused')
    return transaction
  }

  handover(index: number): Handover {
    const stored = this.handovers[index] ?? assert.fail()
    return decodeTrusted(handoverCodec, stored.bytes)
  }

  at(height: number): Block {
    return this.blocks[height - 1] ?? assert.fail()
  }
}

const DUAL = { validators: keysOf(VALIDATOR, SECOND, THIRD), quorum: 2 }
const OTHERS = { validators: keysOf(THIRD, FOURTH), quorum: 2 }
const RATES = { feeRates: [{ asset: 1, feePerKiloCost: 77 }] }

function changingWorld(): ChangingWorld {
  const world = new ChangingWorld()
  world.tick(world.proposal(0, 12, DUAL))
  world.tickUntil(13)
  world.tick(world.proposal(1, 24, OTHERS))
  world.tickUntil(25)
  world.tick(world.proposal(2, 36, RATES))
  world.tickUntil(40)
  return world
}

const world = changingWorld()
const start = startLightClient(world.genesis)

function code(given: ReturnType<typeof acceptHandover>): string {
  return isRejection(given) ? given.code : 'accepted'
}

function headerVerdict(state: LightClient, { header, certificate }: Block): string {
  return code(acceptHeader(state, header, certificate))
}

function accepted(state: LightClient, ...handovers: readonly Handover[]): LightClient {
  let light = state
  for (const handover of handovers) {
    const next = acceptHandover(light, handover)
    if (isRejection(next)) assert.fail(`${next.code}: ${next.detail}`)
    light = next
  }
  return light
}

const [first, second, third] = [world.handover(0), world.handover(1), world.handover(2)]

describe('INV-40 PAR-5 a light client that starts at the genesis', () => {
  test('jumps over several changes of the validators by their handovers', () => {
    assert.equal(headerVerdict(start, world.at(40)), 'parameters_unknown')
    const light = accepted(start, first, second, third)
    assert.equal(headerVerdict(light, world.at(40)), 'accepted')
    assert.deepEqual(
      light.eras.map(({ from, parameters }) => [from, parameters.revision, parameters.quorum]),
      [
        [1, 0, 1],
        [12, 1, 2],
        [24, 2, 2],
        [36, 3, 2],
      ],
    )
    assert.equal(newestEra(light).parameters.feeRates[0]?.feePerKiloCost, 77)
  })

  test('judges each height by the validators of that height', () => {
    const light = { ...accepted(start, first, second, third), tip: undefined }
    for (const height of [1, 11, 12, 13, 23, 24, 25, 35, 36, 40]) {
      assert.ok(!isRejection(acceptBlock(light, world.at(height))), `block ${height}`)
    }
  })

  test('takes the last header before the change again', () => {
    assert.equal(headerVerdict(accepted(start, first), world.at(11)), 'accepted')
  })

  test('refuses a header under a revision that is over, or not yet due, at its height', () => {
    const light = { ...accepted(start, first, second), tip: undefined }
    for (const [height, revision] of [
      [12, 0],
      [11, 1],
      [24, 1],
    ] as const) {
      const header = { ...world.at(height).header, revision }
      const certificate = certifyBy(header, keysOf(...SIGNERS), SIGNERS)
      assert.equal(code(acceptHeader(light, header, certificate)), 'wrong_revision', `${height}`)
    }
  })

  test('refuses blocks of the new height that the old validators certify', () => {
    const { header } = world.at(24)
    const forged = certifyBy(header, DUAL.validators, SIGNERS)
    const light = accepted(start, first, second)
    assert.equal(code(acceptHeader(light, header, forged)), 'bad_certificate')
  })

  test('refuses rules of another version than the parameters name', () => {
    const header: BlockHeader = { ...world.at(3).header, version: 1 }
    const certificate = certifyBy(header, [VALIDATOR.publicKey], [VALIDATOR])
    assert.equal(code(acceptHeader(start, header, certificate)), 'wrong_version')
  })
})

describe('INV-40 PAR-5 a handover is refused', () => {
  test('that skips another: parameters_unknown', () => {
    assert.equal(code(acceptHandover(start, second)), 'parameters_unknown')
    assert.equal(code(acceptHandover(accepted(start, first), third)), 'parameters_unknown')
  })

  test('that was taken already: wrong_revision, or older_than_tip', () => {
    assert.equal(code(acceptHandover(accepted(start, first), first)), 'wrong_revision')
    assert.equal(code(acceptHandover(accepted(start, first, second), first)), 'older_than_tip')
  })

  test('whose header the validators in force did not certify: bad_certificate', () => {
    const certificate = certifyBy(second.header, OTHERS.validators, SIGNERS)
    const light = accepted(start, first)
    assert.equal(code(acceptHandover(light, { ...second, certificate })), 'bad_certificate')
    const [one] = second.certificate
    assert.ok(one !== undefined)
    const tooFew = { ...second, certificate: [one] }
    assert.equal(code(acceptHandover(light, tooFew)), 'bad_certificate')
  })

  test('with other parameters than the state holds: bad_state_proof', () => {
    const validators = keysOf(testSigner(66))
    const parameters = { ...first.change.parameters, validators, quorum: 1 }
    const forged = { ...first, change: { ...first.change, parameters } }
    assert.equal(code(acceptHandover(start, forged)), 'bad_state_proof')
    const { siblings } = first.proof
    const absent = { ...first, proof: { siblings, terminal: { kind: 'empty' } as const } }
    assert.equal(code(acceptHandover(start, absent)), 'bad_state_proof')
  })

  test('from a state in which the change could still be withdrawn: handover_not_due', () => {
    const { header, certificate } = world.at(10)
    const early = { ...first, header, certificate }
    assert.equal(code(acceptHandover(start, early)), 'handover_not_due')
    const moved = { ...early, change: { ...first.change, activationHeight: 11 } }
    assert.equal(code(acceptHandover(start, moved)), 'bad_state_proof')
  })

  test('of a revision that its header does not lead to: wrong_revision', () => {
    const parameters = { ...first.change.parameters, revision: 2 }
    const forged = { ...first, change: { ...first.change, parameters } }
    assert.equal(code(acceptHandover(start, forged)), 'wrong_revision')
  })

  test('to rules that this client does not know: unsupported_version', () => {
    const other = new ChangingWorld()
    other.tick(other.proposal(0, 11, { protocolVersion: 9 }))
    other.tickUntil(10)
    const light = startLightClient(other.genesis)
    assert.equal(code(acceptHandover(light, other.handover(0))), 'unsupported_version')
  })
})

/** Who certifies after a change, how long it takes, and whether it is withdrawn instead. */
const stepArbitrary = fc.record({
  picked: fc.subarray(SIGNERS, { minLength: 1 }),
  quorum: fc.integer({ min: 1, max: 4 }),
  blocks: fc.integer({ min: 0, max: 4 }),
  isWithdrawn: fc.boolean(),
})

test('INV-40 PAR-5 after any changes a client that jumps ends with the validators in force', (context) => {
  const property = fc.property(fc.array(stepArbitrary, { maxLength: 4 }), (steps) => {
    const random = new ChangingWorld()
    let coin = 0
    for (const { picked, quorum, blocks, isWithdrawn } of steps) {
      const validators = keysOf(...picked)
      const change = { validators, quorum: Math.min(quorum, validators.length) }
      const activationHeight = random.header.height + 11 + blocks
      random.tick(random.proposal(coin++, activationHeight, change))
      if (isWithdrawn) {
        random.tickUntil(activationHeight - 2)
        random.tick(random.proposal(coin++, activationHeight, undefined))
      }
      random.tickUntil(activationHeight + blocks)
    }
    random.tick()
    const handovers = random.handovers.map((_, index) => random.handover(index))
    assert.equal(handovers.length, steps.filter(({ isWithdrawn }) => !isWithdrawn).length)
    const light = accepted(startLightClient(random.genesis), ...handovers)
    assert.deepEqual(newestEra(light).parameters, random.parameters)
    for (const block of random.blocks) {
      assert.equal(headerVerdict({ ...light, tip: undefined }, block), 'accepted')
    }
  })
  checkProperty(context, property, 20)
})

const URL = 'http://ledger.example'

function clientOf(stub: StubLedger): Promise<LedgerClient> {
  const { fetch, openSocket } = stub
  return LedgerClient.connect({ url: URL, fetch, openSocket, chainId: stub.world.chainId })
}

describe('INV-40 a ledger client', () => {
  test('follows the handovers by itself, and knows the fee rates in force', async () => {
    const ledger = await clientOf(new StubLedger(world))
    assert.equal(ledger.feePerKiloCost(0), 10)
    await ledger.refresh()
    assert.deepEqual(
      [ledger.parameters.revision, ledger.feePerKiloCost(0), ledger.feePerKiloCost(1)],
      [3, 0, 77],
    )
  })

  test('refuses a server that withholds the handovers, or forges one', async () => {
    const hiding = new StubLedger(world)
    hiding.tamper = (path, body) =>
      path === '/v1/parameter-changes' ? { data: [], has_more: false, next: null } : body
    const failure = async (stub: StubLedger) => {
      const ledger = await clientOf(stub)
      const error: unknown = await ledger.refresh().then(
        () => assert.fail('it was believed'),
        (reason) => reason,
      )
      assert.ok(error instanceof LedgerError)
      return error.code
    }
    assert.equal(await failure(hiding), 'ledger_answer_malformed')
    const skipping = new StubLedger(world)
    skipping.tamper = (path, body) =>
      path === '/v1/parameter-changes'
        ? { ...body, data: (body['data'] as readonly unknown[]).slice(1) }
        : body
    assert.equal(await failure(skipping), 'parameters_unknown')
  })

  test('that follows blocks goes on over a change of the validators', async () => {
    const live = new ChangingWorld()
    const stub = new StubLedger(live)
    live.tick(live.proposal(0, 12, DUAL))
    const ledger = await clientOf(stub)
    const stop = new AbortController()
    const seen: number[] = []
    const following = ledger.follow({
      from: 1,
      signal: stop.signal,
      onError: (error) => assert.fail(error),
      onBlock: ({ header }) => {
        seen.push(header.height)
        if (header.height === 14) stop.abort()
        else if (header.height === live.header.height) {
          stub.produce(timestamp(START + header.height + 1))
        }
      },
    })
    await following
    assert.deepEqual(
      seen,
      Array.from({ length: 14 }, (_, i) => i + 1),
    )
    assert.equal(ledger.parameters.revision, 1)
  })
})
