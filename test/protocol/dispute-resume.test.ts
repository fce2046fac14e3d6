import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type ClosingChannel,
  challenge,
  forceClose,
  isRejection,
  LANE_START,
  type LaneState,
  laneHead,
  type ResumePoint,
  type Role,
  resumeDigest,
  type SignedResume,
  settlementBounds,
} from '@tallystick/protocol'
import fc from 'fast-check'
import { type LaneSetup, laneOf, signedLane } from './closing-channel.js'
import { accepted, at, CHAIN, codeOf, NOW, SIGNERS, testChannel } from './test-channel.js'

const CHANNEL = testChannel()
const other = (role: Role): Role => (role === 'client' ? 'hub' : 'client')
const nonce = (name: number) => new Uint8Array(16).fill(name)

/** The payee's word that `payer`'s lane goes on from `base` in `epoch`. */
function resumeOf(
  payer: Role,
  base: LaneState,
  { epoch = 1, name = 1, signer = SIGNERS[other(payer)], ...forged }: ResumeSetup = {},
): SignedResume {
  const { digest, version, acked, transferred } = laneHead(CHAIN, CHANNEL, payer, base)
  const point = { epoch, nonce: nonce(name), base: digest, version, acked, transferred, ...forged }
  return { point, signature: signer.sign(resumeDigest(CHAIN, CHANNEL, payer, point)) }
}
type ResumeSetup = Partial<ResumePoint> & { name?: number; signer?: (typeof SIGNERS)['hub'] }

/** A lane in the epoch that the resume `name` began. */
const after = (setup: LaneSetup, epoch = 1, name = 1) =>
  laneOf({ ...setup, epoch, resumeNonce: nonce(name) })

/** The client's lane: version 3 is the newest that the hub says it holds; 4 and 5 were lost. */
const BASE = laneOf({ version: 3, acked: 1, transferred: 300n })
const LOST = laneOf({ version: 5, acked: 2, transferred: 800n })
const NEXT = after({ version: 4, acked: 1, transferred: 350n })
/** The hub's lane, as the client chooses it. */
const CHOSEN = laneOf({ version: 2, acked: 3, transferred: 50n })

type Close = {
  readonly by?: Role
  readonly own?: LaneState
  readonly resume?: SignedResume | undefined
  readonly peer?: LaneState
  readonly unsure?: boolean
}

function close({
  by = 'client',
  own = NEXT,
  resume,
  peer = CHOSEN,
  unsure = false,
}: Close): ReturnType<typeof forceClose> {
  const chosen = peer === LANE_START ? undefined : signedLane(CHANNEL, other(by), peer)
  return forceClose(CHAIN, CHANNEL, { by, own, unsure, resume, peer: chosen }, NOW)
}
const closed = (how: Close) => accepted(close(how)) as ClosingChannel

type Answer = { proof?: LaneState; own?: LaneState; resume?: SignedResume }

function answer(on: ClosingChannel, { proof, own, resume }: Answer) {
  const signed = proof && signedLane(CHANNEL, on.status.by, proof)
  return challenge(CHAIN, on, { proof: signed, own, resume, guard: undefined }, at(1_000))
}
const answered = (on: ClosingChannel, shown: Answer) =>
  accepted(answer(on, shown)) as ClosingChannel

describe('DSP-10 a force close shows the resume that its lane went on from', () => {
  const RESUME = resumeOf('client', BASE)
  for (const [what, how, code] of [
    ['the lane succeeds the base', { resume: RESUME }, undefined],
    ['the lane is the base itself', { own: BASE, resume: RESUME }, undefined],
    ['the base is the start of the lane', start(LANE_START), undefined],
    ['of a resume that is not shown', {}, 'resume_missing'],
    ['of an earlier epoch than the resume', { own: LOST, resume: RESUME }, 'resume_not_followed'],
    [
      'of a later epoch',
      { own: after({ version: 4, acked: 1, transferred: 300n }, 2), resume: RESUME },
      'resume_not_followed',
    ],
    [
      'of another resume',
      { own: after({ version: 4, acked: 1, transferred: 300n }, 1, 2), resume: RESUME },
      'resume_not_followed',
    ],
    [
      'no later than the base',
      { own: { ...NEXT, version: 3 }, resume: RESUME },
      'resume_not_followed',
    ],
    [
      'that has paid less',
      { own: { ...NEXT, transferred: BASE.transferred - 1n } as LaneState, resume: RESUME },
      'resume_not_followed',
    ],
    ['that acks less', { own: { ...NEXT, acked: 0 }, resume: RESUME }, 'resume_not_followed'],
    [
      'INV-20 signed by the payer',
      { resume: resumeOf('client', BASE, { signer: SIGNERS.client }) },
      'bad_resume_signature',
    ],
    [
      'INV-20 of the other lane',
      { resume: resumeOf('hub', BASE, { signer: SIGNERS.hub }) },
      'bad_resume_signature',
    ],
    [
      'INV-20 changed afterwards',
      { resume: { ...RESUME, point: { ...RESUME.point, version: 2 } } },
      'bad_resume_signature',
    ],
  ] as readonly (readonly [string, Close, string | undefined])[]) {
    test(`${what}: ${code ?? 'taken'}`, () => {
      assert.equal(codeOf(close(how)), code)
    })
  }

  test('DSP-1 what is kept of it', () => {
    const { status } = closed({ resume: RESUME })
    assert.deepEqual(status.resume, {
      epoch: 1,
      nonce: nonce(1),
      base: laneHead(CHAIN, CHANNEL, 'client', BASE).digest,
    })
  })

  test('INV-16 what was lost counts no more; the base and what came after it do', () => {
    const closing = closed({
      own: after({ version: 6, acked: 1, transferred: 350n }),
      resume: RESUME,
    })
    for (const proof of [LOST, laneOf({ version: 2, transferred: 9_000n })]) {
      assert.equal(codeOf(answer(closing, { proof })), 'challenge_not_relevant')
    }
    for (const [proof, penalized] of [
      [BASE, false],
      [NEXT, false],
      [{ ...NEXT, version: 7 }, true],
      [after({ version: 6, acked: 1, transferred: 351n }), true],
      [after({ version: 1 }, 2, 2), true],
    ] as const) {
      const shown = answer(closing, { proof })
      if (proof.version < closing.status.chosen.acked) {
        assert.equal((accepted(shown) as ClosingChannel).status.penalized, true)
      } else assert.equal((accepted(shown) as ClosingChannel).status.penalized, penalized)
    }
  })

  test('a resume that was used and is not shown: a later epoch is stale evidence', () => {
    const closing = closed({ own: LOST, peer: { ...CHOSEN, acked: 5 } })
    assert.equal(answered(closing, { proof: NEXT }).status.penalized, true)
    const withOld = closed({ own: NEXT, resume: RESUME })
    const second = after({ version: 4, acked: 1, transferred: 350n }, 2, 2)
    assert.equal(answered(withOld, { proof: second }).status.penalized, true)
  })

  test("two resumes of one epoch are their signer's fault: proofs under the other do not count", () => {
    const closing = closed({ resume: RESUME })
    const other = after({ version: 9, acked: 2, transferred: 2_000n }, 1, 2)
    assert.equal(codeOf(answer(closing, { proof: other })), 'challenge_not_relevant')
  })

  test('DSP-9 an unsure close shows its newest resume: older proofs do not count, newer ones do', () => {
    const closing = closed({
      own: BASE,
      resume: RESUME,
      unsure: true,
      peer: { ...CHOSEN, acked: 4 },
    })
    assert.equal(codeOf(answer(closing, { proof: LOST })), 'challenge_not_relevant')
    const { status } = answered(closing, { proof: NEXT })
    assert.deepEqual([status.penalized, status.closerLane], [false, NEXT])
  })
})

function start(base: LaneState): Close {
  return {
    own: after({ version: 1, transferred: 10n }),
    resume: resumeOf('client', base),
    peer: laneOf({ version: 2 }),
  }
}

describe('DSP-10 a challenge shows that the closing side gave up what it chose', () => {
  /** The hub had lost data; the client granted it to go on from version 3, and hides that. */
  const RESUME = resumeOf('hub', BASE)
  const own = laneOf({ version: 1, acked: 1 })
  const closing = closed({ own, peer: LOST.acked > 1 ? { ...LOST, acked: 1 } : LOST })

  test('the chosen proof is replaced, and the closing side is penalized for it', () => {
    for (const lane of [NEXT, BASE]) {
      const { status } = answered(closing, { own: lane, resume: RESUME })
      assert.deepEqual([status.penalized, status.otherLane, status.closerLane], [true, lane, own])
    }
  })

  test('of an unsure side it is no lie', () => {
    const unsure = closed({ own, peer: { ...LOST, acked: 1 }, unsure: true })
    const { status } = answered(unsure, { own: NEXT, resume: RESUME })
    assert.deepEqual([status.penalized, status.otherLane], [false, NEXT])
  })

  test('also where the chosen proof followed another resume of the same epoch', () => {
    const hidden = closed({ own, peer: after({ version: 9, acked: 1, transferred: 1n }, 1, 2) })
    assert.equal(answered(hidden, { own: NEXT, resume: RESUME }).status.penalized, true)
  })

  for (const [what, on, shown, code] of [
    ['nothing at all', closing, {}, 'challenge_empty'],
    ['an own lane alone', closing, { own: NEXT }, 'challenge_empty'],
    ['no own lane to put in its place', closing, { resume: RESUME }, 'challenge_not_relevant'],
    [
      'the base was chosen',
      closed({ own, peer: BASE }),
      { own: NEXT, resume: RESUME },
      'challenge_not_relevant',
    ],
    [
      'what followed it was chosen',
      closed({ own, peer: NEXT }),
      { own: { ...NEXT, version: 5 }, resume: RESUME },
      'challenge_not_relevant',
    ],
    [
      'a later epoch was chosen',
      closed({ own, peer: after({ version: 4, acked: 1 }, 2) }),
      { own: NEXT, resume: RESUME },
      'challenge_not_relevant',
    ],
    ['an own lane of before', closing, { own: LOST, resume: RESUME }, 'own_proof_too_old'],
    [
      'an own lane that has paid less',
      closing,
      { own: { ...NEXT, transferred: 0n as never }, resume: RESUME },
      'own_proof_too_old',
    ],
    [
      'signed by the challenger',
      closing,
      { own: NEXT, resume: resumeOf('hub', BASE, { signer: SIGNERS.hub }) },
      'bad_resume_signature',
    ],
  ] as readonly (readonly [string, ClosingChannel, Answer, string])[]) {
    test(`${code}: ${what}`, () => {
      assert.equal(codeOf(answer(on, shown)), code)
    })
  }

  test('INV-2 INV-11 any order of proofs and resumes gives one settlement of the total', () => {
    const lane = fc
      .record({
        epoch: fc.constantFrom(0, 0, 1, 2),
        name: fc.integer({ min: 1, max: 2 }),
        version: fc.integer({ min: 1, max: 6 }),
        acked: fc.integer({ min: 0, max: 1 }),
        transferred: fc.bigInt(0n, 3_000n),
      })
      .map(({ epoch, name, ...rest }) => (epoch === 0 ? laneOf(rest) : after(rest, epoch, name)))
    const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
    const names = { epoch: fc.integer({ min: 1, max: 3 }), name: fc.integer({ min: 1, max: 2 }) }
    /** A lane that went on from a base, by a resume of its own; or the base, or any other. */
    const goneOn = (payer: Role) =>
      fc.record({ base: lane, any: lane, which: fc.nat(3), ...names }).map((one) => {
        const { base, any, which, epoch, name } = one
        const next = after({ ...base, version: base.version + 1 }, epoch, name)
        const resume = resumeOf(payer, base, { epoch, name })
        return { own: [next, next, base, any][which] ?? next, resume }
      })
    const shown = fc.array(
      fc.oneof(
        fc.record({ proof: maybe(lane), own: maybe(lane), resume: fc.constant(undefined) }),
        fc.tuple(goneOn('hub'), maybe(lane)).map(([mine, proof]) => ({ ...mine, proof })),
      ),
      { minLength: 2, maxLength: 5 },
    )
    const ownOf = fc.oneof(
      lane.map((own) => ({ own, resume: undefined })),
      goneOn('client'),
    )
    let taken = 0
    fc.assert(
      fc.property(ownOf, lane, fc.boolean(), shown, (mine, peer, unsure, list) => {
        const start = close({ ...mine, peer, unsure })
        if (isRejection(start)) return
        const settle = (order: typeof list) =>
          order.reduce((on, { proof, own, resume }) => {
            const next = answer(on, {
              ...(proof && { proof }),
              ...(own && { own }),
              ...(resume && { resume }),
            })
            if (!isRejection(next)) taken++
            return isRejection(next) ? on : (next as ClosingChannel)
          }, start as ClosingChannel)
        const there = settle(list)
        assert.deepEqual(settle(list.toReversed()), there)
        assert.deepEqual(settle([...list, ...list]), there)
        const { client, hub } = settlementBounds(there, () => 0, at(9_000))
        assert.equal(client.least + hub.least, 20_000n)
        assert.ok(client.least >= 0n && hub.least >= 0n)
      }),
      { numRuns: 500 },
    )
    assert.ok(taken > 200, `${taken} challenges were taken`)
  })
})
