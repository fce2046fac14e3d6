import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AMOUNT_MAX,
  compareEntrusted,
  type Entrusted,
  encode,
  entrustedCodec,
  type LockRoot,
  type TowerAction,
  type TowerRequest,
} from '@tallystick/protocol'
import fc from 'fast-check'
import { answerRequest, type RequestContext } from '#watchtower/core/answer-request.js'
import { type AppointmentRecord, recordOf } from '#watchtower/core/appointment-record.js'
import { closed, laneOf, pendingItem } from '../protocol/closing-channel.js'
import { at, SIGNERS, testChannel, testSigner } from '../protocol/test-channel.js'
import { checkProperty } from '../settlement/check-property.js'
import {
  CHANNEL,
  CONTEXT,
  connectionOf,
  type EntrustedSetup,
  entrustedOf,
  POLICY,
  requestOf,
} from './test-entrusted.js'

const HELD = recordOf(CHANNEL, entrustedOf())
const entrust = (setup: EntrustedSetup = {}): TowerAction => ({
  kind: 'entrust',
  entrusted: entrustedOf(setup),
})

/** What became of a request: the code of its refusal, or the kind of what is to be done. */
function verdict(request: TowerRequest, context: Partial<RequestContext> = {}): string {
  const outcome = answerRequest(request, { ...CONTEXT, ...context })
  return outcome.kind === 'rejection' ? outcome.code : outcome.kind
}

describe('TOWER-2 to TOWER-6 an entrust that nothing is kept for: refusals in checking order', () => {
  const wrongLock = { ppm: 0, payoutLock: 'ce'.repeat(32) as LockRoot }
  const cases: readonly (readonly [string, EntrustedSetup, Partial<RequestContext>])[] = [
    ['channel_unknown', {}, { channel: undefined }],
    ['bad_owner_signature', {}, { connection: connectionOf(2) }],
    [
      'channel_closing',
      { terms: { bounty: wrongLock } },
      { channel: closed(CHANNEL, 'client', laneOf({ version: 2 })) },
    ],
    ['asset_not_guarded', { terms: { bounty: wrongLock } }, { policy: { ...POLICY, asset: 1 } }],
    ['wrong_guard', { terms: { bounty: wrongLock } }, {}],
    ['wrong_guard', { terms: { guardKey: testSigner(8).publicKey } }, {}],
    [
      'bounty_too_low',
      { terms: { bounty: { ppm: 99_999, payoutLock: POLICY.payoutLock }, validUntil: at(1_001) } },
      {},
    ],
    ['appointment_out_of_bounds', { terms: { validUntil: at(1_001) }, proof: null }, {}],
    ['channel_unknown', { proof: null }, { channel: testChannel({ number: 8 }) }],
    ['nothing_entrusted', { proof: null, appoints: SIGNERS.hub }, {}],
    ['appointment_expired', { appoints: SIGNERS.hub, terms: { validUntil: at(-1) } }, {}],
    ['bad_appointment_signature', { appoints: SIGNERS.hub }, {}],
    ['tower_full', {}, { room: () => 'full' }],
    ['key_full', {}, { room: () => 'key_full' }],
    ['keep', {}, {}],
    ['keep', { own: null, terms: { validUntil: at(1_000) } }, {}],
    // The other side has closed it already: there is still something to be shown.
    ['keep', {}, { channel: closed(CHANNEL, 'hub', laneOf({ version: 2 })) }],
  ]
  for (const [code, setup, context] of cases) {
    test(`${code} ${JSON.stringify(Object.keys({ ...setup, ...context }))}`, () =>
      assert.equal(verdict(requestOf(entrust(setup)), context), code))
  }

  test('bad_proof_signature: a lane that somebody else has signed, the proof and the own one', () => {
    const entrusted = entrustedOf()
    const { proof, own } = entrusted
    const swapped: Entrusted = { ...entrusted, proof: own, own: undefined }
    assert.equal(verdict(requestOf({ kind: 'entrust', entrusted: swapped })), 'bad_proof_signature')
    const ownByHub: Entrusted = { ...entrusted, own: proof }
    assert.equal(
      verdict(requestOf({ kind: 'entrust', entrusted: ownByHub })),
      'bad_proof_signature',
    )
  })

  test('INV-3 CH-4 amount_out_of_range: items that sum to no amount state nothing, and stop no tower', () => {
    const items = [1, 2].map((name) => pendingItem(name, { unit: AMOUNT_MAX }))
    for (const part of ['proof', 'own'] as const) {
      const entrusted = entrustedOf()
      const signed = entrusted[part] ?? assert.fail('both lanes are entrusted')
      const huge = { ...entrusted, [part]: { ...signed, lane: { ...signed.lane, items } } }
      assert.equal(verdict(requestOf({ kind: 'entrust', entrusted: huge })), 'amount_out_of_range')
    }
  })
})

describe('TOWER-3 what is kept is replaced only by what is newer', () => {
  const cases: readonly (readonly [string, EntrustedSetup])[] = [
    ['kept', {}],
    ['keep', { proof: { version: 4, transferred: 300n } }],
    ['keep', { own: { version: 3 } }],
    ['keep', { own: { version: 1, epoch: 1, resumeNonce: new Uint8Array(16) } }],
    ['keep', { terms: { validUntil: at(400) } }],
    ['entrusted_older', { proof: { version: 2, transferred: 900n } }],
    ['entrusted_older', { proof: { version: 9 }, own: { version: 1 } }],
    ['entrusted_older', { proof: { version: 9 }, own: null }],
    ['entrusted_contradicts', { proof: { version: 3, transferred: 301n } }],
    ['entrusted_contradicts', { proof: { version: 9 }, own: { version: 2, transferred: 21n } }],
  ]
  for (const [code, setup] of cases) {
    test(`${code} ${Object.keys(setup)} ${setup.proof?.version} ${setup.own?.version}`, () => {
      assert.equal(verdict(requestOf(entrust(setup)), { held: HELD, channel: undefined }), code)
    })
  }
})

describe('TOWER-2 fetch and end', () => {
  const name = { channel: CHANNEL.id, owner: 'client' } as const

  test('are for the key of the record; a stranger cannot tell a record from none', () => {
    for (const kind of ['fetch', 'end'] as const) {
      const done = kind === 'fetch' ? 'found' : 'remove'
      assert.equal(verdict(requestOf({ kind, ...name }), { held: HELD }), done)
      for (const stranger of [SIGNERS.hub, testSigner(77)]) {
        const request = requestOf({ kind, ...name }, stranger)
        assert.equal(verdict(request, { held: HELD }), 'appointment_unknown')
        assert.equal(verdict(request), 'appointment_unknown')
      }
      const elsewhere = { held: HELD, connection: connectionOf(2) }
      assert.equal(verdict(requestOf({ kind, ...name }), elsewhere), 'appointment_unknown')
    }
  })
})

test('TOWER-2 TOWER-3 INV-49 whoever says whatever, only the owner changes a record, and never to an older one', (t) => {
  const said = fc.record({
    by: fc.constantFrom('client' as const, 'hub' as const, 'stranger' as const, 'replay' as const),
    kind: fc.constantFrom('entrust' as const, 'entrust' as const, 'end' as const, 'fetch' as const),
    proof: fc.nat({ max: 4 }),
    own: fc.nat({ max: 4 }),
    transferred: fc.bigInt({ min: 0n, max: 2n }),
    ppm: fc.constantFrom(100_000, 200_000),
  })
  const signerOf = { client: SIGNERS.client, hub: SIGNERS.hub, stranger: testSigner(77) }
  const property = fc.property(fc.array(said, { maxLength: 24 }), (saying) => {
    let held: AppointmentRecord | undefined
    const heard: TowerRequest[] = []
    saying.forEach(({ by, kind, proof, own, transferred, ppm }, number) => {
      // Each on a connection of its own: what was heard on another is nothing here.
      const connection = connectionOf(number + 1)
      const action: TowerAction =
        kind === 'entrust'
          ? entrust({
              proof: { version: proof, transferred },
              own: own === 0 ? null : { version: own },
              terms: { bounty: { ppm, payoutLock: POLICY.payoutLock } },
            })
          : { kind, channel: CHANNEL.id, owner: 'client' }
      const replayed = heard[number % Math.max(1, heard.length)]
      const request =
        by === 'replay'
          ? (replayed ?? requestOf(action, testSigner(77), { connection }))
          : requestOf(action, signerOf[by], { connection })
      const outcome = answerRequest(request, { ...CONTEXT, connection, held })
      if (by === 'client') heard.push(request)
      else assert.equal(outcome.kind, 'rejection')
      switch (outcome.kind) {
        case 'keep':
          if (held !== undefined) {
            assert.equal(compareEntrusted(held.entrusted, outcome.record.entrusted), 'newer')
            const before = held.entrusted
            const after = outcome.record.entrusted
            assert.ok((after.proof?.lane.version ?? 0) >= (before.proof?.lane.version ?? 0))
            assert.ok((after.own?.lane.version ?? 0) >= (before.own?.lane.version ?? 0))
          }
          held = outcome.record
          break
        case 'kept':
        case 'found':
          assert.ok(held !== undefined)
          assert.deepEqual(
            encode(entrustedCodec, outcome.entrusted),
            encode(entrustedCodec, held.entrusted),
          )
          break
        case 'remove':
          held = undefined
          break
        case 'rejection':
          break
      }
    })
  })
  checkProperty(t, property, 100)
})
