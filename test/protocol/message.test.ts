import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AMOUNT_MAX,
  BATCH_LEAVES_MAX,
  CHANGES_MAX,
  type Change,
  encode,
  ITEM_TICKS_MAX,
  LANE_ITEMS_MAX,
  MESSAGE_BYTES_MAX,
  type Message,
  messageCodec,
  parseFrame,
  TIMESTAMP_MAX,
  toHex,
} from '@tallystick/protocol'
import { anchorFor, codeOf, itemId, preimage, SIGNERS, testChannel } from './test-channel.js'

const channel = testChannel().id

describe('WIRE-4 messages', () => {
  test('the byte of each kind never changes its meaning', () => {
    const { layout } = messageCodec
    assert.ok(typeof layout === 'object' && 'cases' in layout)
    assert.deepEqual(
      layout.cases.map(([byte, kind]) => `${byte} ${kind}`),
      [
        '1 hello',
        '2 auth',
        '3 welcome',
        '4 attach',
        '5 attached',
        '6 update',
        '7 stored',
        '8 claim',
        '9 decline',
        '10 closeIntent',
        '11 closeOffer',
        '12 closeAgreed',
        '13 openRequest',
        '14 inboundRequest',
        '15 granted',
        '16 refused',
        '17 error',
        '18 resumeAnswer',
        '19 putLetter',
        '20 letter',
        '21 lettersTaken',
        '22 letterKept',
        '23 withdrawAgreed',
      ],
    )
  })

  test('a message as the bytes say it', () => {
    const stored: Message = { kind: 'stored', channel, version: 300 }
    assert.equal(toHex(encode(messageCodec, stored)), `07${channel}ac02`)
    assert.deepEqual(parseFrame(encode(messageCodec, stored)), [stored])
    const error: Message = { kind: 'error', code: 'a', detail: 'b', channel: undefined }
    assert.equal(toHex(encode(messageCodec, error)), '11016101' + '6200')
  })

  test('INV-45 what is larger than the limit is not even read', () => {
    const bytes = new Uint8Array(MESSAGE_BYTES_MAX)
    assert.equal(codeOf(parseFrame(bytes)), 'malformed')
    assert.equal(codeOf(parseFrame(new Uint8Array(MESSAGE_BYTES_MAX + 1))), 'message_too_large')
  })

  test('CH-18 the largest answer to a request to resume fits one message', () => {
    const items = Array.from({ length: LANE_ITEMS_MAX }, (_, i) => ({
      ...{ id: itemId(i), anchor: anchorFor(1), unit: (2n ** 46n) as never },
      ...{ ticks: ITEM_TICKS_MAX, paid: ITEM_TICKS_MAX - 1, expiry: TIMESTAMP_MAX },
    }))
    const [nonce, base, signature] = [new Uint8Array(16), preimage(1), new Uint8Array(64)]
    const numbers = {
      epoch: 2 ** 48,
      version: 2 ** 48,
      acked: 2 ** 48,
      transferred: AMOUNT_MAX as never,
    }
    const path = Array.from({ length: 16 }, () => preimage(1))
    const [index, count] = [BATCH_LEAVES_MAX - 1, BATCH_LEAVES_MAX]
    const evidence = { kind: 'batch', signature, index, count, path } as const
    const lane = { lane: { ...numbers, resumeNonce: nonce, items }, evidence }
    const resume = { point: { ...numbers, nonce, base }, signature }
    const answer = { resume, base: lane, lane, laneResume: resume }
    const bytes = encode(messageCodec, { kind: 'resumeAnswer', channel, answer })
    assert.ok(bytes.length > 9_000 && bytes.length < MESSAGE_BYTES_MAX / 4, String(bytes.length))
  })

  test('CH-10 the largest update that the rules allow fits one message', () => {
    const forward = { payee: SIGNERS.client.publicKey, amount: 2n ** 63n - 1n }
    const changes = Array.from({ length: CHANGES_MAX }, (_, i): Change => {
      // No more than 64 items are pending, and each change of the rest takes no more than an add.
      const add = { id: itemId(i), anchor: anchorFor(1), unit: 2n ** 62n, ticks: ITEM_TICKS_MAX }
      return { kind: 'add', ...add, expiry: TIMESTAMP_MAX, forward } as unknown as Change
    })
    const evidence = {
      kind: 'batch',
      signature: new Uint8Array(64),
      index: BATCH_LEAVES_MAX - 1,
      count: BATCH_LEAVES_MAX,
      path: Array.from({ length: 16 }, () => preimage(1)),
    } as const
    const numbers = { epoch: 2 ** 48, version: 2 ** 48, acked: 2 ** 48 }
    const bytes = encode(messageCodec, { kind: 'update', channel, ...numbers, changes, evidence })
    assert.ok(bytes.length <= MESSAGE_BYTES_MAX, String(bytes.length))
  })
})
