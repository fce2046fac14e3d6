import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Anchor,
  agreementPoint,
  agreeWithKey,
  amount,
  type ChainId,
  deriveKeys,
  equalBytes,
  isRejection,
  LETTER_BYTES_MAX,
  type LetterContent,
  letterIdOf,
  openAnswer,
  openLetter,
  type PublicKey,
  parseFrame,
  parseSealedLetter,
  type RequestId,
  sealAnswer,
  sealLetter,
  sha256,
  timestamp,
  toHex,
} from '@tallystick/protocol'
import fc from 'fast-check'
import { CHAIN } from './test-channel.js'

const ALICE = deriveKeys(new Uint8Array(32).fill(1))
const BOB = deriveKeys(new Uint8Array(32).fill(2))
const OTHER_CHAIN = 'ee'.repeat(32) as ChainId
const TO_BOB = { chainId: CHAIN, recipient: BOB.identity.publicKey }

function payment(message: string): LetterContent {
  return {
    kind: 'payment',
    anchor: 'a1'.repeat(32) as Anchor,
    preimage: new Uint8Array(32).fill(7),
    amount: amount(5_000n),
    expiry: timestamp(1_700_000_600),
    message,
  }
}

function sealed(content: LetterContent, secret = new Uint8Array(32).fill(4)): Uint8Array {
  const letter = sealLetter(TO_BOB, content, secret)
  assert.ok(!isRejection(letter))
  return letter
}

function opened(
  bytes: Uint8Array,
  reader: Pick<typeof BOB, 'agree'> = BOB,
  address = TO_BOB,
): unknown {
  const letter = parseSealedLetter(bytes)
  if (isRejection(letter) || letter.kind !== 'letter') return 'letter_damaged'
  const content = openLetter(address, reader.agree, letter)
  return isRejection(content) ? content.code : content
}

test('SIG-5 the two sides of an agreement come to the same secret, and a third to another', () => {
  const secret = new Uint8Array(32).fill(5)
  const shared = agreeWithKey(secret, BOB.identity.publicKey)
  assert.ok(shared !== undefined)
  assert.deepEqual(BOB.agree(agreementPoint(secret)), shared)
  assert.notDeepEqual(ALICE.agree(agreementPoint(secret)), shared)
})

test('SIG-5 points of small order and keys off the curve agree on nothing', () => {
  const orderOne = new Uint8Array(32)
  const orderTwo = new Uint8Array(32).fill(0, 1)
  orderTwo[0] = 1
  for (const point of [orderOne, orderTwo, new Uint8Array(31)]) {
    assert.equal(BOB.agree(point), undefined)
  }
  const offCurve = `02${'00'.repeat(31)}` as PublicKey
  assert.equal(agreeWithKey(new Uint8Array(32).fill(5), offCurve), undefined)
})

test('MAIL-1 a letter is read by its recipient, on its chain, and by nobody else', () => {
  const bytes = sealed(payment('Merci !'))
  assert.deepEqual(opened(bytes), payment('Merci !'))
  assert.equal(opened(bytes, ALICE), 'letter_damaged')
  assert.equal(opened(bytes, BOB, { ...TO_BOB, chainId: OTHER_CHAIN }), 'letter_damaged')
  const toAlice = { ...TO_BOB, recipient: ALICE.identity.publicKey }
  assert.equal(opened(bytes, BOB, toAlice), 'letter_damaged')
})

test('MAIL-1 a letter that is changed in any byte, cut or made longer is refused', () => {
  const bytes = sealed(payment('x'))
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const other = new Uint8Array(bytes)
      other[at] = (other[at] ?? 0) ^ flip
      // The top bit of a point has no meaning in X25519, and is bound all the same.
      assert.equal(opened(other), 'letter_damaged')
    }),
    { numRuns: 200, seed: 8_301 },
  )
  assert.equal(opened(bytes.subarray(0, -1)), 'letter_damaged')
  assert.equal(opened(new Uint8Array([...bytes, 0])), 'letter_damaged')
})

test('MAIL-1 the size of a letter tells no more than its class', () => {
  const sizes = [0, 1, 200, 300, 1_024].map((length) => sealed(payment('x'.repeat(length))).length)
  const [least, , , next] = sizes
  assert.deepEqual(sizes.slice(0, 3), [least, least, least])
  assert.ok(least !== undefined && least <= 512 && next !== undefined && next <= 1_024)
  assert.ok(Math.max(...sizes) <= LETTER_BYTES_MAX)
})

test('MAIL-1 LIM-2 a message with a larger letter than there are is malformed', () => {
  const key = new Array<number>(32).fill(1)
  const put = (...length: number[]) => {
    const count = (length[0] ?? 0) - 128 + (length[1] ?? 0) * 128
    return parseFrame(new Uint8Array([19, 1, 0, ...key, 9, ...length, ...new Uint8Array(count)]))
  }
  assert.ok(!isRejection(put(0x80, 0x40)))
  const larger = put(0x81, 0x40)
  assert.ok(isRejection(larger) && larger.code === 'malformed')
})

test('MAIL-1 two letters with the same content share nothing but their size', () => {
  const [one, other] = [sealed(payment('x')), sealed(payment('x'), new Uint8Array(32).fill(6))]
  assert.equal(one.length, other.length)
  assert.ok(!equalBytes(one.subarray(1, 33), other.subarray(1, 33)))
  assert.notEqual(
    letterIdOf(BOB.identity.publicKey, one),
    letterIdOf(BOB.identity.publicKey, other),
  )
})

test('MAIL-1 an answer is read under the key and name of its request, and no other', () => {
  const address = {
    chainId: CHAIN,
    request: '0b'.repeat(16) as RequestId,
    answerKey: new Uint8Array(32).fill(3),
  }
  const content = { kind: 'invoice', text: 'tally1…' } as const
  const bytes = sealAnswer(address, content, new Uint8Array(24).fill(1))
  assert.ok(!isRejection(bytes))
  const answer = parseSealedLetter(bytes)
  assert.ok(!isRejection(answer) && answer.kind === 'answer')
  assert.equal(answer.request, address.request)
  assert.deepEqual(openAnswer(address, answer), content)
  for (const other of [
    { ...address, chainId: OTHER_CHAIN },
    { ...address, request: '0c'.repeat(16) as RequestId },
    { ...address, answerKey: new Uint8Array(32).fill(4) },
  ]) {
    const refused = openAnswer(other, answer)
    assert.ok(isRejection(refused) && refused.code === 'letter_damaged')
  }
})

test('MAIL-1 vector: the bytes of a letter follow from its content and its secret', () => {
  const vector = toHex(sha256(sealed(payment('Merci !'))))
  assert.equal(vector, 'c355ec3e79963f8e547ac4808e2c3cbcdb86c53ce7a46f2a82ae4c59d44e2aef')
})
