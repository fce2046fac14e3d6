import assert from 'node:assert/strict'
import { utf8 } from '@tallystick/protocol'
import { encodeBase64Json, parseBase64Json } from '#client-sdk/http/base64-json.js'
import {
  l402Authorization,
  l402Challenge,
  parseL402Authorization,
  parseL402Challenge,
} from '#client-sdk/http/l402.js'
import { type Offer, offerJson, parseOfferJson } from '#client-sdk/http/offer.js'
import { testSigner } from '../protocol/test-channel.js'
import { type Decoder, textOf } from './decoder.js'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const PAYEE = testSigner(5).publicKey

/** Parsers of what sellers and payers put into headers and bodies of HTTP. */
export function httpDecoders(): readonly Decoder[] {
  return [
    {
      name: 'parseOfferJson',
      covers: ['parseOfferJson'],
      valid: (dice) => {
        const [chain, hub] = [hex(dice.bytes(32)), hex(dice.bytes(32))]
        const [price, unit] = [BigInt(dice.pick([0, 1, 10])), BigInt(dice.pick([1, 10]))]
        const offer: Offer = { chain, hub, asset: 0, payee: PAYEE, price, unit }
        return utf8(JSON.stringify(offerJson(offer)))
      },
      check: (input) => {
        const offer = parseOfferJson(jsonOf(textOf(input)))
        if ('code' in offer) return 'refused'
        assert.deepEqual(parseOfferJson(offerJson(offer)), offer)
        return 'accepted'
      },
    },
    {
      name: 'parseBase64Json',
      covers: ['parseBase64Json'],
      valid: (dice) => utf8(encodeBase64Json({ n: dice.pick([0, 1, 'ü']) })),
      check: (input) => {
        const value = parseBase64Json(textOf(input))
        if (value === undefined) return 'refused'
        if (typeof value === 'object' && value !== null) {
          assert.deepEqual(parseBase64Json(encodeBase64Json(value)), value)
        }
        return 'accepted'
      },
    },
    {
      name: 'parseL402Challenge',
      covers: ['parseL402Challenge'],
      valid: (dice) => utf8(l402Challenge(hex(dice.bytes(64)), `tally1${hex(dice.bytes(9))}`)),
      check: (input) => {
        const found = parseL402Challenge(textOf(input))
        if (found === undefined) return 'refused'
        assert.deepEqual(parseL402Challenge(l402Challenge(found.token, found.invoice)), found)
        return 'accepted'
      },
    },
    {
      name: 'parseL402Authorization',
      covers: ['parseL402Authorization'],
      valid: (dice) => utf8(l402Authorization(hex(dice.bytes(64)), hex(dice.bytes(32)))),
      check: (input) => {
        const found = parseL402Authorization(textOf(input))
        if (found === undefined) return 'refused'
        const again = l402Authorization(found.token, found.preimage)
        assert.deepEqual(parseL402Authorization(again), found)
        return 'accepted'
      },
    },
  ]
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Whatever is no JSON stands for no offer.
    return undefined
  }
}
