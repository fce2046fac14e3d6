import assert from 'node:assert/strict'
import {
  deriveKeys,
  encode,
  equalBytes,
  isRejection,
  openAnswer,
  openLetter,
  parseSealedLetter,
  type RequestId,
  sealAnswer,
  sealedLetterCodec,
  sealLetter,
} from '@tallystick/protocol'
import { CHAIN } from '../protocol/test-channel.js'
import { validBytes } from './codec-decoders.js'
import type { Decoder } from './decoder.js'

const KEYS = deriveKeys(new Uint8Array(32).fill(9))
const ADDRESS = { chainId: CHAIN, recipient: KEYS.identity.publicKey }
const REQUEST = {
  chainId: CHAIN,
  request: '0b'.repeat(16) as RequestId,
  answerKey: new Uint8Array(32).fill(3),
}

/** Letters, which anybody may send. */
export function letterDecoders(): readonly Decoder[] {
  return [
    {
      name: 'parseSealedLetter',
      covers: ['parseSealedLetter'],
      valid: (dice) => validBytes(sealedLetterCodec, dice),
      check: (input) => {
        const letter = parseSealedLetter(input)
        if (isRejection(letter)) {
          assert.equal(letter.code, 'letter_damaged')
          return 'refused'
        }
        assert.ok(equalBytes(encode(sealedLetterCodec, letter), input), 'INV-23 one encoding')
        return 'accepted'
      },
    },
    {
      name: 'openLetter',
      covers: [],
      valid: (dice) => {
        const content = { anchor: 'a1'.repeat(32), amount: 5n, expiry: 9, message: 'hello' }
        const payment = { kind: 'payment', preimage: dice.bytes(32), ...content } as const
        const sealed = sealLetter(ADDRESS, payment as never, dice.bytes(32))
        return isRejection(sealed) ? undefined : sealed
      },
      check: (input) => {
        const letter = parseSealedLetter(input)
        if (isRejection(letter) || letter.kind !== 'letter') return 'refused'
        return isRejection(openLetter(ADDRESS, KEYS.agree, letter)) ? 'refused' : 'accepted'
      },
    },
    {
      name: 'openAnswer',
      covers: [],
      valid: (dice) => {
        const refused = { kind: 'refused', code: 'x', detail: 'y' } as const
        const sealed = sealAnswer(REQUEST, refused, dice.bytes(24))
        return isRejection(sealed) ? undefined : sealed
      },
      check: (input) => {
        const letter = parseSealedLetter(input)
        if (isRejection(letter) || letter.kind !== 'answer') return 'refused'
        return isRejection(openAnswer(REQUEST, letter)) ? 'refused' : 'accepted'
      },
    },
  ]
}
