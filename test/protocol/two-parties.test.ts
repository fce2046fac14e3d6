import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { otherRole } from '@tallystick/protocol'
import { Dice, seeds } from './test-channel.js'
import { bookBalance, closeDishonestly, closeHonestly } from './two-parties-dispute.js'
import { isWaiting, ROLES, TwoPartiesWorld } from './two-parties-world.js'

const RUNS = 16
const STEPS = 200
/** Of a hundred steps, so many are followed by a dispute that is tried out. */
const DISPUTE_PERCENT = 6
/** Pairs of an old state and an old proof that one dispute tries. */
const ATTACKS = 40

function play(seed: number): TwoPartiesWorld {
  const world = new TwoPartiesWorld(new Dice(seed))
  for (let step = 0; step < STEPS; step++) {
    world.step()
    world.check()
    if (world.dice.chance(DISPUTE_PERCENT)) disputes(world)
  }
  return world
}

function disputes(world: TwoPartiesWorld): void {
  for (const honest of ROLES) {
    // Who has lost data knows less than it is due until it has gone on (CH-18).
    if (isWaiting(world.sides[honest].stored)) continue
    const due = bookBalance(world, honest)
    const alone = closeHonestly(world, honest)
    assert.ok(alone >= due, `INV-4 the ${honest} closes alone and gets ${alone} of ${due}`)
    for (const { payout, watched, asserted, chosen } of closeDishonestly(
      world,
      otherRole(honest),
      ATTACKS,
    )) {
      const how = `version ${asserted.version} with ${chosen}`
      assert.ok(payout >= due, `INV-9 the ${honest} is closed by ${how}, gets ${payout} of ${due}`)
      assert.ok(watched >= due, `INV-49 asleep, closed by ${how}, it gets ${watched} of ${due}`)
    }
  }
}

describe('two parties over a bad network', () => {
  for (const seed of seeds(RUNS)) {
    test(`INV-4 INV-5 INV-6 INV-9 INV-16 INV-19 INV-28 INV-49 nobody is robbed, seed ${seed}`, () => {
      play(seed)
    })
  }

  test('INV-16 the runs are worth something: money moves, is claimed, cancelled and expires', () => {
    const totals = {
      versions: 0,
      transferred: 0n,
      declined: 0,
      reveals: 0,
      withdrawals: 0,
      losses: 0,
      resumes: 0,
      lies: 0,
    }
    for (const seed of seeds(8)) {
      const world = play(seed)
      totals.versions += world.history.client.length + world.history.hub.length
      totals.transferred += world.history.client.at(-1)?.lane.transferred ?? 0n
      totals.declined += world.declined.size
      totals.reveals += world.reveals.size
      totals.withdrawals += world.withdrawals
      totals.losses += world.losses
      totals.resumes += world.resumes
      totals.lies += world.lies
    }
    const found = inspect(totals)
    assert.ok(totals.versions > 100 && totals.transferred > 0n, found)
    assert.ok(totals.declined > 0 && totals.reveals > 0 && totals.withdrawals > 0, found)
    assert.ok(totals.losses > 4 && totals.resumes > 2 && totals.lies > 0, found)
  })
})
