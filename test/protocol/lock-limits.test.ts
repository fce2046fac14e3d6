import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  alternativeCodec,
  type Condition,
  concatBytes,
  decode,
  encode,
  isRejection,
  type Lock,
  lockRoot,
  lockWitness,
  lockWitnessCodec,
  type PublicKey,
} from '@tallystick/protocol'

function ages(count: number): Condition[] {
  return Array.from({ length: count }, (_, seconds) => ({ kind: 'older', seconds }))
}

function multiOf(count: number): Condition {
  const publicKeys = Array.from({ length: count }, (_, i) => {
    return i.toString(16).padStart(64, '0') as PublicKey
  })
  return { kind: 'multi', threshold: 1, publicKeys }
}

/** A list of `count` items as no writer of ours would write it. */
function listOf(count: number, item: (i: number) => Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(count), ...Array.from({ length: count }, (_, i) => item(i)))
}

describe('LIM-1 LOCK-1 a lock is at most so large, written or read:', () => {
  test('256 alternatives', () => {
    const lock = (count: number): Lock => ages(count).map((condition) => [condition])
    assert.equal(lockRoot(lock(256)).length, 64)
    assert.throws(() => lockRoot(lock(257)), /a lock has 1..256 alternatives/)
    assert.throws(() => lockRoot([]), /a lock has 1..256 alternatives/)
    const bytes = encode(lockWitnessCodec, lockWitness(lock(256), 255))
    assert.ok(!isRejection(decode(lockWitnessCodec, bytes)))
    assert.throws(() => encode(lockWitnessCodec, lockWitness(lock(257), 0)))
    // Index and count, behind one alternative of one condition of two bytes.
    assert.deepEqual([...bytes.subarray(0, 8)], [1, 4, 0xff, 0x01, 0xff, 0x01, 0x80, 0x02])
    const larger = new Uint8Array(bytes)
    larger[6] = 0x81
    assert.ok(isRejection(decode(lockWitnessCodec, larger)))
  })

  test('8 conditions in an alternative, and at least one', () => {
    const eight = listOf(8, (i) => Uint8Array.of(4, i))
    assert.deepEqual(decode(alternativeCodec, eight), ages(8))
    assert.deepEqual(encode(alternativeCodec, ages(8)), eight)
    for (const count of [0, 9]) {
      const wrong = listOf(count, (i) => Uint8Array.of(4, i))
      assert.ok(isRejection(decode(alternativeCodec, wrong)))
      assert.throws(() => lockRoot([ages(count)]))
    }
  })

  test('16 keys in a multi, and at least one', () => {
    const bytesOf = (count: number) => {
      const keys = listOf(count, (i) => new Uint8Array(32).fill(i, 31))
      return concatBytes(Uint8Array.of(1, 2, 1), keys)
    }
    assert.deepEqual(decode(alternativeCodec, bytesOf(16)), [multiOf(16)])
    for (const count of [0, 17]) {
      assert.ok(isRejection(decode(alternativeCodec, bytesOf(count))))
      assert.throws(() => lockRoot([[multiOf(count)]]))
    }
  })

  test('ENC-1 and of the six conditions: no other byte is one', () => {
    const hash = new Uint8Array(32).fill(7)
    for (const kind of [5, 6]) {
      const bytes = concatBytes(Uint8Array.of(1, kind), hash, Uint8Array.of(9))
      assert.deepEqual(decode(alternativeCodec, bytes), [
        { kind: kind === 5 ? 'revealed' : 'unrevealed', anchor: '07'.repeat(32), by: 9 },
      ])
    }
    for (const kind of [0, 7]) {
      const bytes = concatBytes(Uint8Array.of(1, kind), hash, Uint8Array.of(9))
      assert.ok(isRejection(decode(alternativeCodec, bytes)))
    }
  })
})
