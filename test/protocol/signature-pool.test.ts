import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, describe, test } from 'node:test'
import { concatBytes, fromHex, type PublicKey, toHex, verifySignature } from '@tallystick/protocol'
import type { SignatureCheck } from '#protocol/workers/signature-check.js'
import { SignaturePool } from '#protocol/workers/signature-pool.js'
import {
  craft,
  type Signed,
  SMALL_ORDER_ALIASES,
  SMALL_ORDER_POINTS,
  verdictOf,
} from './ed25519-reference.js'

type Vector = {
  readonly input: Readonly<Record<'publicKey' | 'message' | 'signature', string>>
  readonly expected: boolean
}
type Case = Signed & { readonly expected: boolean }

const DIGEST = new Uint8Array(32).fill(9)
const SEED = new Uint8Array(32).fill(7)

/** Published vectors over 32 bytes, as all that a pool checks. */
function published(name: string): readonly Case[] {
  const path = new URL(`../../../protocol/vectors/${name}`, import.meta.url)
  return (JSON.parse(readFileSync(path, 'utf8')) as Vector[])
    .filter(({ input }) => input.message.length === 64)
    .map(({ input: { publicKey, message, signature }, expected }) => ({
      publicKey: fromHex(publicKey),
      message: fromHex(message),
      signature: fromHex(signature),
      expected,
    }))
}

/** The 196 of ZIP 215: A and R of small order in every encoding, S = 0. It takes all, we none. */
function zip215(): readonly Case[] {
  const points = [...SMALL_ORDER_POINTS, ...SMALL_ORDER_ALIASES]
  return points.flatMap((publicKey) =>
    points.map((encodedR) => ({
      ...{ publicKey, message: DIGEST, expected: false },
      signature: concatBytes(encodedR, new Uint8Array(32)),
    })),
  )
}

/** Keys and nonces with a component of small order: the cofactorless equation decides. */
function mixed(): readonly Case[] {
  return Array.from({ length: 64 }, (_, i) => {
    const torsion = { keyTorsion: i >>> 3, nonceTorsion: i & 7 }
    const { holds, ...signed } = craft({ seed: SEED, message: DIGEST, ...torsion })
    return { ...signed, expected: holds }
  })
}

const CASES = [
  ...published('ed25519-speccheck.json'),
  ...published('ed25519-wycheproof.json'),
  ...zip215(),
  ...mixed(),
]

function checkOf({ publicKey, message, signature }: Case): SignatureCheck {
  return { publicKey: toHex(publicKey) as PublicKey, digest: message, signature }
}

describe('INV-21 SIG-1 edge cases have one verdict:', () => {
  const pool = new SignaturePool('behind')
  after(() => pool.stop())
  const expected = CASES.map((edge) => edge.expected)

  test('from every backend, by the strict rule', () => {
    assert.equal(CASES.length, 12 + 2 + 196 + 64)
    assert.deepEqual(CASES.map(verdictOf), expected)
  })

  test('from the worker threads, all at once, in any order and among good ones', async () => {
    const checks = CASES.map(checkOf)
    assert.deepEqual(await pool.verify(checks), expected)
    assert.deepEqual(await pool.verify(checks.toReversed()), expected.toReversed())
    // A good one between each two: nobody's verdict is that of a neighbour.
    const good = mixed().find((edge) => edge.expected)
    assert.ok(good !== undefined)
    const among = checks.flatMap((check) => [check, checkOf(good)])
    assert.deepEqual(
      await pool.verify(among),
      expected.flatMap((verdict) => [verdict, true]),
    )
  })

  test('from the worker threads, one at a time, as from this thread', async () => {
    for (const edge of CASES.filter((_, i) => i < 14 || i % 8 === 0)) {
      const { publicKey, digest, signature } = checkOf(edge)
      assert.deepEqual(await pool.verify([{ publicKey, digest, signature }]), [edge.expected])
      assert.equal(verifySignature(publicKey, digest, signature), edge.expected)
    }
  })
})
