import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Position,
  signAttach,
  signSession,
  type Transcript,
  transcriptOf,
  verifyAttach,
  verifySession,
  WIRE_VERSION,
} from '@tallystick/protocol'
import {
  CHAIN,
  OTHER_CHAIN,
  SIGNERS,
  startPosition,
  testChannel,
  testSigner,
} from './test-channel.js'

const HELLO = {
  version: WIRE_VERSION,
  chainId: CHAIN,
  hub: SIGNERS.hub.publicKey,
  nonce: new Uint8Array(32).fill(1),
}
const AUTH = { client: SIGNERS.client.publicKey, nonce: new Uint8Array(32).fill(2) }
const TRANSCRIPT = transcriptOf(HELLO, AUTH)
const OTHERS: readonly (readonly [field: string, transcript: Transcript])[] = [
  ['version', { ...TRANSCRIPT, version: WIRE_VERSION + 1 }],
  ['chain', { ...TRANSCRIPT, chainId: OTHER_CHAIN }],
  ['hub', { ...TRANSCRIPT, hub: testSigner(9).publicKey }],
  ['hub nonce', { ...TRANSCRIPT, hubNonce: new Uint8Array(32).fill(3) }],
  ['client nonce', { ...TRANSCRIPT, clientNonce: new Uint8Array(32).fill(3) }],
  [
    'swapped nonces',
    { ...TRANSCRIPT, hubNonce: TRANSCRIPT.clientNonce, clientNonce: TRANSCRIPT.hubNonce },
  ],
]

describe('WIRE-2 session signatures', () => {
  test('each side signs what both said', () => {
    assert.deepEqual(TRANSCRIPT, {
      version: 3,
      chainId: CHAIN,
      hub: HELLO.hub,
      hubNonce: HELLO.nonce,
      client: AUTH.client,
      clientNonce: AUTH.nonce,
    })
    for (const role of ['client', 'hub'] as const) {
      assert.ok(verifySession(role, TRANSCRIPT, signSession(role, TRANSCRIPT, SIGNERS[role])))
    }
  })

  for (const [field, other] of OTHERS) {
    test(`INV-20 a signature replayed on a session of another ${field} is worthless`, () => {
      for (const role of ['client', 'hub'] as const) {
        const signature = signSession(role, TRANSCRIPT, SIGNERS[role])
        const verdict = verifySession(
          role,
          { ...other, [role]: SIGNERS[role].publicKey },
          signature,
        )
        // The hub itself is bound by the key that verifies.
        if (field !== 'hub' || role !== 'hub') assert.equal(verdict, false)
      }
    })
  }

  test('INV-20 one side cannot send back what the other signed, also with one key for both', () => {
    const same: Transcript = { ...TRANSCRIPT, client: TRANSCRIPT.hub }
    const signature = signSession('hub', same, SIGNERS.hub)
    assert.equal(verifySession('hub', same, signature), true)
    assert.equal(verifySession('client', same, signature), false)
  })

  test('the key is the one that the transcript names', () => {
    const signature = signSession('client', TRANSCRIPT, testSigner(9))
    assert.equal(verifySession('client', TRANSCRIPT, signature), false)
  })
})

describe('WIRE-3 attaching a channel', () => {
  const position: Position = { ...startPosition(testChannel().id), own: 4, held: 5 }
  const key = SIGNERS.client.publicKey
  const signature = signAttach(TRANSCRIPT, position, SIGNERS.client)

  test('the channel key speaks for the channel', () => {
    assert.equal(verifyAttach(TRANSCRIPT, position, key, signature), true)
    assert.equal(verifyAttach(TRANSCRIPT, position, SIGNERS.hub.publicKey, signature), false)
  })

  for (const [field, other] of OTHERS) {
    test(`INV-20 not on a session of another ${field}`, () => {
      assert.equal(verifyAttach(other, position, key, signature), false)
    })
  }

  for (const [field, other] of [
    ['channel', { ...position, channel: testChannel({ number: 8 }).id }],
    ['own version', { ...position, own: 5 }],
    ['held version', { ...position, held: 4 }],
    ['own resume', { ...position, ownResume: { epoch: 1, nonce: new Uint8Array(16) } }],
    ['held resume', { ...position, heldResume: { epoch: 1, nonce: new Uint8Array(16) } }],
    ['request to resume', { ...position, resuming: new Uint8Array(16) }],
  ] as const) {
    test(`INV-20 not with another ${field}`, () => {
      assert.equal(verifyAttach(TRANSCRIPT, other, key, signature), false)
    })
  }

  test('INV-20 it is no session signature', () => {
    assert.equal(verifySession('client', TRANSCRIPT, signature), false)
  })
})
