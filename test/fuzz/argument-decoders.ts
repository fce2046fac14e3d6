import { isDeepStrictEqual } from 'node:util'
import { utf8 } from '@tallystick/protocol'
import * as letterParsers from '#client-sdk/letters/parse-letter-arguments.js'
import * as parsers from '#client-sdk/wallet/parse-arguments.js'
import { type Dice, testSigner } from '../protocol/test-channel.js'
import { type Decoder, isNamed, textOf } from './decoder.js'

const APPOINTMENT = JSON.stringify({
  guardKey: '5d'.repeat(32),
  bounty: { ppm: 100_000, payoutLock: '5e'.repeat(32) },
  validUntil: 1_800_000_000,
})

const PAYEE = testSigner(9).publicKey

const TOWERS = JSON.stringify([
  { url: 'ws://tower:9750/v1/session', key: '5f'.repeat(32), bountyPpm: 100_000 },
])

/** What callers hand to a wallet, as JSON in which `"5n"` stands for a bigint. */
export function argumentDecoders(): readonly Decoder[] {
  return [
    argumentDecoder('parseValue', ['"5n"'], (value) => parsers.parseValue(value, 'amount')),
    argumentDecoder('parseFeeMax', ['"0n"'], parsers.parseFeeMax),
    argumentDecoder('parseExpirySeconds', ['1', '86400'], parsers.parseExpirySeconds),
    argumentDecoder('parseDescription', ['"two coffees"', '""'], parsers.parseDescription),
    argumentDecoder('parseLockSeconds', ['1', '600'], parsers.parseLockSeconds),
    argumentDecoder('parseFlag', ['true', 'false'], (value) => parsers.parseFlag(value, 'hold')),
    argumentDecoder('parseStatus', ['"paid"'], (value) => {
      parsers.parseStatus(value, ['open', 'paid'])
      return value
    }),
    argumentDecoder('parseItemId', [JSON.stringify('5e'.repeat(16))], parsers.parseItemId),
    bytesDecoder('parseDescriptionHash', 32, parsers.parseDescriptionHash),
    argumentDecoder('parseKey', ['"order 7"'], parsers.parseKey),
    argumentDecoder('parseInvoiceText', ['"tally1"'], parsers.parseInvoiceText),
    argumentDecoder('parseStreamTerms', ['{"unitMin":"5n"}'], parsers.parseStreamTerms),
    argumentDecoder('parseOfferText', ['"tallyo1"'], letterParsers.parseOfferText),
    argumentDecoder('parseOfferId', [JSON.stringify('5a'.repeat(32))], letterParsers.parseOfferId),
    argumentDecoder('parsePayee', [JSON.stringify(PAYEE)], letterParsers.parsePayee),
    argumentDecoder('parseMessage', ['"thanks"', '""'], letterParsers.parseMessage),
    argumentDecoder('parseWaitSeconds', ['1', '604800'], (value) =>
      letterParsers.parseWaitSeconds(value, 604_800),
    ),
    argumentDecoder('parseSpontaneousPolicy', ['{"accept":true,"amountMin":"5n"}'], (value) =>
      letterParsers.parseSpontaneousPolicy(value),
    ),
    argumentDecoder('parseAnchor', [JSON.stringify('5a'.repeat(32))], parsers.parseAnchor),
    argumentDecoder('parseLock', [JSON.stringify('5b'.repeat(32))], parsers.parseLock),
    argumentDecoder('parseHub', [JSON.stringify('5c'.repeat(32))], parsers.parseHub),
    argumentDecoder('parseAppointment', [APPOINTMENT], parsers.parseAppointment),
    argumentDecoder('parseTowers', ['[]', TOWERS], parsers.parseTowers),
    argumentDecoder('parseUrl', ['"ws://hub:1"', '"wss://hub/x"'], (value) =>
      parsers.parseUrl(value, 'url', ['ws:', 'wss:']),
    ),
  ]
}

/** An argument that is bytes of one length. */
function bytesDecoder(
  name: string,
  length: number,
  parse: (value: unknown) => Uint8Array,
): Decoder {
  return {
    name: `arguments.${name}`,
    covers: [name],
    valid: (dice) => dice.bytes(length),
    check: (input) => {
      try {
        return parse(input) === input ? 'accepted' : 'refused'
      } catch (error) {
        if (isNamed(error, 'WalletError')) return 'refused'
        throw error
      }
    },
  }
}

function argumentDecoder(
  name: string,
  examples: readonly string[],
  parse: (value: unknown) => unknown,
): Decoder {
  return {
    name: `arguments.${name}`,
    covers: [name],
    valid: (dice: Dice) => utf8(dice.pick(examples)),
    check: (input) => {
      try {
        const value = argumentOf(textOf(input))
        // A value that is taken is taken as it is.
        const taken = parse(value)
        const isAsItIs = typeof taken === 'object' ? isDeepStrictEqual(parse(taken), taken) : false
        if (taken !== value && !isAsItIs) throw new Error('another value than was handed in')
        return 'accepted'
      } catch (error) {
        if (isNamed(error, 'WalletError') || error instanceof SyntaxError) return 'refused'
        throw error
      }
    },
  }
}

function argumentOf(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) =>
    typeof value === 'string' && /^-?\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value,
  )
}
