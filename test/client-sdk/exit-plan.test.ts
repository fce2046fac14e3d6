import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  amount,
  type ChannelEnd,
  isRejection,
  learnLink,
  type Role,
  type Timestamp,
  timestamp,
} from '@tallystick/protocol'
import { type ExitPlan, planExit } from '#client-sdk/exit/exit-plan.js'
import { type LeavingParty, leavingPlan, wayOut } from '#client-sdk/exit/way-out.js'
import { dutiesOf, forceCloseOperation } from '#client-sdk/guard/duties.js'
import { channelFeeTransaction } from '#client-sdk/ledger/channel-fee-transaction.js'
import { finalizeTransaction } from '#client-sdk/ledger/finalize-transaction.js'
import { findChannelEnd } from '#client-sdk/ledger/find-channel-end.js'
import { LedgerClient } from '#client-sdk/ledger/ledger-client.js'
import { ChannelPair, FEE_PER_KILO_COST, itemId, preimage, WINDOW_SECONDS } from './channel-pair.js'
import { START } from './ledger-world.js'
import { StubLedger } from './stub-ledger.js'

const at = (seconds: number) => timestamp(START + seconds)
const DEADLINE = at(10 + WINDOW_SECONDS)

/** The client has paid 300 of its deposit of 100,000. */
function paid(): ChannelPair {
  const pair = new ChannelPair()
  pay(pair, 1, 300n)
  return pair
}

function pay(pair: ChannelPair, name: number, value: bigint): void {
  pair.add('client', name, value, START + 500)
  pair.update(
    'client',
    [{ kind: 'redeem', id: itemId(name), index: 1, link: preimage(name) }],
    START,
  )
}

function leaving(pair: ChannelPair, now: Timestamp, unsure = false): LeavingParty {
  return {
    ...{ chainId: pair.world.chainId, party: pair.client, signer: pair.signers.client, unsure },
    ...{ feePerKiloCost: FEE_PER_KILO_COST, now },
  }
}

function plan(
  pair: ChannelPair,
  now: Timestamp,
  { unsure = false, mayBeOld = false, role = 'client' as Role } = {},
): ExitPlan {
  const { chainId, revealedBy } = pair.world
  const party = pair[role]
  const [challenge] = dutiesOf(party, chainId, now, revealedBy)
  const answer = challenge?.kind === 'challenge' ? challenge.operation : undefined
  const way = wayOut({ ...leaving(pair, now, unsure), party, signer: pair.signers[role] }, mayBeOld)
  const found = planExit(party.ledger, role, { way, answer }, { chainId, now, revealedBy })
  if (isRejection(found)) assert.fail(`${found.code}: ${found.detail}`)
  return found
}

/** The client leaves with what `plan` has shown. */
function leave(pair: ChannelPair, now: Timestamp, unsure = false): void {
  const built = channelFeeTransaction(leavingPlan(leaving(pair, now, unsure)))
  assert.ok(!isRejection(built))
  pair.world.produce(now, built.transaction)
  pair.see(now)
}

function finalize(pair: ChannelPair, now: Timestamp, part = 0): void {
  pair.world.produce(now, finalizeTransaction(0, part))
  pair.see(now)
}

describe('DSP-6 planExit', () => {
  test('an open channel: what is paid, the fee, the window, and what an old state would cost', () => {
    const { step, payout, items, lastTime } = plan(paid(), at(10))
    assert.deepEqual(step, {
      ...{ kind: 'forceClose', unsure: false, fee: 53n, mayBeOld: false },
      ...{ windowSeconds: 1_000, penalty: 19_994n },
    })
    assert.deepEqual(payout, { least: 99_647n, most: 99_647n })
    assert.deepEqual([items, lastTime], [[], DEADLINE])
  })

  test('INV-4 INV-15 what it says of the payout is what the ledger pays, fee included', () => {
    const pair = paid()
    const { payout } = plan(pair, at(10))
    leave(pair, at(10))
    finalize(pair, at(1_011))
    assert.deepEqual([pair.paidOut('client'), payout.least], [99_647n, 99_647n])
  })

  test('items that wait part the best case from the worst; a link known is as good as paid', () => {
    const pair = paid()
    pair.add('hub', 2, 1_000n, START + 400)
    pair.add('hub', 3, 50n, START + 2_000)
    pair.add('client', 4, 7n, START + 300)
    pair.update('client', [], START)
    const learnt = learnLink(pair.client, itemId(2), { index: 1, link: preimage(2) })
    assert.ok(!isRejection(learnt))
    pair.client = learnt
    const { step, payout, items, lastTime } = plan(pair, at(10))
    assert.ok(step.kind === 'forceClose')
    const sure = 100_000n - 300n + 1_000n - step.fee
    assert.deepEqual(payout, { least: sure - 7n, most: sure + 50n })
    assert.deepEqual(items, [
      { incoming: false, value: 7n, expiry: at(300), fate: 'waiting' },
      { incoming: true, value: 1_000n, expiry: at(400), fate: 'public' },
      { incoming: true, value: 50n, expiry: at(2_000), fate: 'waiting' },
    ])
    assert.equal(lastTime, at(2_000))
    leave(pair, at(10))
    finalize(pair, at(1_011))
    const waiting = plan(pair, at(1_011))
    assert.deepEqual(waiting.step, { kind: 'items', until: at(2_000) })
    // The item of 7 has expired unpaid meanwhile.
    assert.deepEqual([waiting.paid, waiting.payout], [sure, { least: sure, most: sure + 50n }])
    finalize(pair, at(2_001), 1)
    assert.equal(pair.paidOut('client'), sure)
  })

  test('DSP-9 from books that may be old: nothing is certain, and nothing can be lost as a penalty', () => {
    const found = plan(paid(), at(10), { unsure: true, mayBeOld: true })
    const { step, payout, known, lastTime } = found
    assert.deepEqual(step, {
      ...{ kind: 'forceClose', unsure: true, fee: 53n, mayBeOld: true },
      ...{ windowSeconds: 3_000, penalty: 0n },
    })
    assert.deepEqual([payout, lastTime], [{ least: 0n, most: 199_947n }, at(3_010)])
    assert.deepEqual(known, { least: 99_647n, most: 99_647n })
  })

  test('INV-15 what an old copy loses is never more than was shown before it closed', () => {
    const pair = paid()
    const then = pair.client
    // Since the copy was made the hub has paid, so that there is more to take a share of.
    pair.add('hub', 2, 50_000n, START + 500)
    const redeem = { kind: 'redeem', id: itemId(2), index: 1, link: preimage(2) } as const
    pair.update('hub', [redeem], START)
    pay(pair, 3, 1n)
    const newest = { hub: pair.hub, client: pair.client }
    pair.client = then
    const { step: shown } = plan(pair, at(10))
    leave(pair, at(10))
    pair.hub = { ...newest.hub, ledger: pair.hub.ledger }
    const [duty] = dutiesOf(pair.hub, pair.world.chainId, at(20), pair.world.revealedBy)
    assert.ok(shown.kind === 'forceClose' && duty?.kind === 'challenge')
    pair.act('hub', [duty.operation], at(20))
    const { penalty } = plan(pair, at(30))
    assert.ok(penalty > 14_000n && penalty <= shown.penalty, `${penalty} of ${shown.penalty}`)
  })

  test('an unsure close can still be answered with anything, until its window is over', () => {
    const pair = paid()
    leave(pair, at(10), true)
    const inWindow = plan(pair, at(10), { unsure: true })
    assert.deepEqual(inWindow.payout, { least: 0n, most: 199_947n })
    const over = plan(pair, at(3_011), { unsure: true })
    assert.deepEqual(over.payout, { least: 99_647n, most: 99_647n })
  })

  test('a channel that is closing says until when, and then that it can be finalized', () => {
    const pair = paid()
    leave(pair, at(10))
    const window = {
      ...{ kind: 'window', by: 'client', unsure: false, deadline: DEADLINE },
      ...{ penalized: false, answerDue: false },
    }
    assert.deepEqual(plan(pair, at(10)).step, window)
    assert.deepEqual(plan(pair, DEADLINE).step, window)
    assert.deepEqual(plan(pair, at(1_011)).step, { kind: 'finalize', part: 0 })
  })

  test('INV-9 an old state of the other side counts as answered, and shows what it loses', () => {
    const pair = paid()
    const then = pair.client
    pay(pair, 2, 1_000n)
    pair.act('client', [forceCloseOperation(then)], at(10))
    const { step, payout, penalty } = plan(pair, at(20), { role: 'hub' })
    assert.ok(step.kind === 'window' && step.answerDue)
    // 100,000 - 1,300 - the fee of 53, of which a tenth is the penalty.
    assert.equal(penalty, 9_864n)
    assert.deepEqual(payout, { least: 101_300n + 9_864n, most: 101_300n + 9_864n })
  })
})

describe('findChannelEnd', () => {
  async function endOf(pair: ChannelPair): Promise<ChannelEnd | undefined> {
    const { fetch, openSocket } = new StubLedger(pair.world)
    const ledger = await LedgerClient.connect({ url: 'http://ledger.test', fetch, openSocket })
    return findChannelEnd(ledger, pair.client.ledger)
  }

  test('tells what a force close paid, long after the channel has left the state', async () => {
    const pair = paid()
    leave(pair, at(10))
    finalize(pair, at(1_011))
    const found = await endOf(pair)
    assert.deepEqual(found, {
      ...{ kind: 'disputed', time: at(1_011), by: 'client', unsure: false, penalized: false },
      ...{ client: 99_647n, hub: 100_300n, penalty: 0n, bounty: 0n },
    })
  })

  test('INV-9 tells the penalty that a challenge has cost', async () => {
    const pair = paid()
    const then = pair.client
    pay(pair, 2, 1_000n)
    pair.act('client', [forceCloseOperation(then)], at(10))
    const [challenge] = dutiesOf(pair.hub, pair.world.chainId, at(20), pair.world.revealedBy)
    assert.ok(challenge?.kind === 'challenge')
    const { fee } = pair.act('hub', [challenge.operation], at(20))
    finalize(pair, at(1_011))
    const found = await endOf(pair)
    assert.deepEqual(found, {
      ...{ kind: 'disputed', time: at(1_011), by: 'client', unsure: false, penalized: true },
      ...{ client: amount(98_647n - 9_864n), hub: amount(101_300n + 9_864n - fee) },
      ...{ penalty: 9_864n, bounty: 0n },
    })
  })

  test('counts what was revealed between two finalizes', async () => {
    const pair = paid()
    pair.add('hub', 3, 50n, START + 2_000)
    pair.update('client', [], START)
    leave(pair, at(10))
    finalize(pair, at(1_011))
    const { fee } = pair.act('client', [], at(1_500), [{ index: 1, link: preimage(3) }])
    finalize(pair, at(1_501), 1)
    const found = await endOf(pair)
    assert.ok(found?.kind === 'disputed')
    assert.deepEqual([found.time, found.client], [at(1_501), pair.paidOut('client')])
    assert.ok(fee > 0n)
  })

  test('has no answer while the channel is there', async () => {
    const pair = paid()
    leave(pair, at(10))
    assert.equal(await endOf(pair), undefined)
  })
})
