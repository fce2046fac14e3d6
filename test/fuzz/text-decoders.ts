import assert from 'node:assert/strict'
import {
  type Alternative,
  alternativeCodec,
  amount,
  anchorOf,
  type ChainId,
  createMnemonic,
  decodeTrusted,
  encodeInvoice,
  encodeOffer,
  encodeReceipt,
  encodeTickFrame,
  formatLock,
  invoiceCodec,
  isRejection,
  LOCK_TEXT_MAX,
  type Lock,
  offerCodec,
  parseAmount,
  parseHex,
  parseInvoice,
  parseLock,
  parseMnemonic,
  parseOffer,
  parsePublicKey,
  parseReceipt,
  parseTickFrame,
  parseTimestamp,
  tickFrameCodec,
  toHex,
  utf8,
} from '@tallystick/protocol'
import { amountOf, unitsOf } from '#client-sdk/decimal-amount.js'
import { auditLine, parseAuditLine } from '#hub/audit/audit-line.js'
import { parseSettings, settingsText } from '#wallet/cli/wallet-folder.js'
import type { Dice } from '../protocol/test-channel.js'
import { testSigner } from '../protocol/test-channel.js'
import { validBytes } from './codec-decoders.js'
import { type Decoder, isNamed, textOf } from './decoder.js'

const PAYEE = testSigner(5)
const DENOMINATION = { code: 'GBP', decimals: 2 }

/** A parser of text that answers `undefined` to what it refuses, and whose values are text again. */
function textDecoder(
  name: string,
  valid: (dice: Dice) => string | undefined,
  textAgain: (text: string) => string | undefined,
): Decoder {
  return {
    name,
    covers: [name],
    valid: (dice) => {
      const text = valid(dice)
      return text === undefined ? undefined : utf8(text)
    },
    check: (input) => {
      const text = textOf(input)
      const again = textAgain(text)
      if (again === undefined) return 'refused'
      assert.equal(again, text, 'INV-23 the text is not the one form of its value')
      return 'accepted'
    },
  }
}

export function textDecoders(): readonly Decoder[] {
  return [
    lockTextDecoder(),
    invoiceDecoder(),
    receiptDecoder(),
    offerDecoder(),
    tickFrameDecoder(),
    textDecoder(
      'parseAuditLine',
      (dice) => {
        const facts = { detail: textOf(dice.bytes(dice.roll(40))), channel: dice.roll(1_000) }
        const entry = { sequence: 1 + dice.roll(1_000), at: '', kind: 'guard' as const, facts }
        return auditLine({ ...entry, previous: toHex(dice.bytes(32)) }).line
      },
      (text) => {
        const parsed = parseAuditLine(text)
        return parsed && auditLine(parsed.entry).line
      },
    ),
    textDecoder(
      'parseHex',
      (dice) => toHex(dice.bytes(dice.roll(40))),
      (text) => {
        const bytes = parseHex(text)
        return bytes && toHex(bytes)
      },
    ),
    textDecoder('parsePublicKey', (dice) => testSigner(1 + dice.roll(9)).publicKey, parsePublicKey),
    numberDecoder('parseAmount', [0n, 2n ** 53n, 2n ** 63n - 1n], (text) => {
      return /^-?\d+$/.test(text) ? [parseAmount(BigInt(text)), BigInt(text)] : [undefined, text]
    }),
    numberDecoder('parseTimestamp', [0, 1_700_000_000, 2 ** 40 - 1], (text) => {
      return [parseTimestamp(Number(text)), Number(text)]
    }),
    settingsDecoder(),
    mnemonicDecoder(),
    decimalDecoder('unitsOf', unitsOf),
    decimalDecoder('amountOf', amountOf),
  ]
}

/** The file by which a wallet's folder knows its network. */
function settingsDecoder(): Decoder {
  return {
    name: 'parseSettings',
    covers: ['parseSettings'],
    valid: (dice) => {
      const hub = dice.chance(50) ? 'ws://127.0.0.1:9740/v1/session' : undefined
      const chainId = toHex(dice.bytes(32)) as ChainId
      return utf8(settingsText({ ledger: 'http://127.0.0.1:9730', hub, chainId }))
    },
    check: (input) => {
      const settings = parseSettings(textOf(input))
      if (settings === undefined) return 'refused'
      assert.deepEqual(parseSettings(settingsText(settings)), settings)
      return 'accepted'
    },
  }
}

/** INV-3: a number that is taken is whole, not negative and the one that was handed in. */
function numberDecoder(
  name: string,
  examples: readonly (bigint | number)[],
  read: (text: string) => readonly [taken: bigint | number | undefined, given: unknown],
): Decoder {
  return {
    name,
    covers: [name],
    valid: (dice) => utf8(String(dice.pick(examples))),
    check: (input) => {
      const [taken, given] = read(textOf(input))
      if (taken === undefined) return 'refused'
      assert.equal(taken, given)
      assert.match(String(taken), /^\d{1,19}$/)
      return 'accepted'
    },
  }
}

/** People may write a lock in many ways; each means one lock, whose own text means it again. */
function lockTextDecoder(): Decoder {
  return {
    name: 'parseLock',
    covers: ['parseLock', 'readTime', 'readDuration'],
    valid: (dice) => {
      const alternatives = Array.from({ length: 1 + dice.roll(4) }, () => {
        const bytes = validBytes(alternativeCodec, dice)
        return bytes === undefined ? [] : [decodeTrusted(alternativeCodec, bytes)]
      }).flat() as readonly Alternative[]
      return alternatives.length === 0 ? undefined : utf8(formatLock(alternatives))
    },
    check: (input) => {
      const text = textOf(input)
      const lock = parseLock(text)
      if (isRejection(lock)) {
        assert.match(lock.code, /^lock_[a-z_]+$/)
        assert.ok(lock.offset >= 0 && lock.offset <= Math.min(text.length, LOCK_TEXT_MAX))
        return 'refused'
      }
      const shown = formatLock(lock as Lock)
      assert.deepEqual(parseLock(shown), lock)
      assert.equal(formatLock(parseLock(shown) as Lock), shown)
      return 'accepted'
    },
  }
}

/** All upper case is the one other form (INVOICE-1). */
function invoiceDecoder(): Decoder {
  return {
    name: 'parseInvoice',
    covers: ['parseInvoice', 'parseSignedInvoice'],
    valid: (dice) => {
      const bytes = validBytes(invoiceCodec, dice)
      if (bytes === undefined) return undefined
      const invoice = { ...decodeTrusted(invoiceCodec, bytes), payee: PAYEE.publicKey }
      const text = encodeInvoice(invoice, PAYEE)
      return utf8(dice.chance(50) ? text : text.toUpperCase())
    },
    check: (input) => {
      const text = textOf(input)
      const invoice = parseInvoice(text)
      if (isRejection(invoice)) {
        assert.match(invoice.code, /^invoice_(malformed|version|bad_signature)$/)
        return 'refused'
      }
      const again = encodeInvoice(invoice, PAYEE)
      assert.ok(text === again || text === again.toUpperCase(), 'INVOICE-1 a third spelling')
      return 'accepted'
    },
  }
}

/** As invoices (OFFER-1). */
function offerDecoder(): Decoder {
  return {
    name: 'parseOffer',
    covers: ['parseOffer'],
    valid: (dice) => {
      const bytes = validBytes(offerCodec, dice)
      if (bytes === undefined) return undefined
      const offer = { ...decodeTrusted(offerCodec, bytes), payee: PAYEE.publicKey }
      const text = encodeOffer(offer, PAYEE)
      return utf8(dice.chance(50) ? text : text.toUpperCase())
    },
    check: (input) => {
      const text = textOf(input)
      const offer = parseOffer(text)
      if (isRejection(offer)) {
        assert.match(offer.code, /^offer_(malformed|version|bad_signature)$/)
        return 'refused'
      }
      const again = encodeOffer(offer, PAYEE)
      assert.ok(text === again || text === again.toUpperCase(), 'OFFER-1 a third spelling')
      return 'accepted'
    },
  }
}

/** As an invoice; what it proves, it proves of its own invoice. */
function receiptDecoder(): Decoder {
  return {
    name: 'parseReceipt',
    covers: ['parseReceipt'],
    valid: (dice) => {
      const bytes = validBytes(invoiceCodec, dice)
      if (bytes === undefined) return undefined
      const preimage = dice.bytes(32)
      const anchor = anchorOf(preimage, 1)
      const invoice = { ...decodeTrusted(invoiceCodec, bytes), payee: PAYEE.publicKey, anchor }
      const text = encodeReceipt(encodeInvoice(invoice, PAYEE), preimage, amount(7n))
      assert.ok(typeof text === 'string')
      return utf8(dice.chance(50) ? text : text.toUpperCase())
    },
    check: (input) => {
      const text = textOf(input)
      const receipt = parseReceipt(text)
      if (isRejection(receipt)) {
        assert.match(receipt.code, /^receipt_/)
        return 'refused'
      }
      const { invoice, preimage, amount: paid } = receipt
      const again = encodeReceipt(encodeInvoice(invoice, PAYEE), preimage, paid)
      assert.ok(typeof again === 'string')
      assert.ok(text === again || text === again.toUpperCase(), 'RECEIPT-1 a third spelling')
      return 'accepted'
    },
  }
}

/** Words are taken in any case and spacing; what comes back is taken again as it is. */
function mnemonicDecoder(): Decoder {
  return {
    name: 'parseMnemonic',
    covers: ['parseMnemonic'],
    valid: (dice) => utf8(createMnemonic(dice.bytes(dice.pick([16, 32])))),
    check: (input) => {
      const words = parseMnemonic(textOf(input))
      if (words === undefined) return 'refused'
      assert.match(words, /^[a-z]+( [a-z]+){11,23}$/)
      assert.equal(parseMnemonic(words), words)
      return 'accepted'
    },
  }
}

function decimalDecoder(name: string, read: typeof unitsOf): Decoder {
  return {
    name,
    covers: [name],
    valid: (dice) => utf8(dice.pick(['0', '12.5', '1', '92233720368547758.07', '0.01', '7.10'])),
    check: (input) => {
      const text = textOf(input)
      try {
        const units = read(text, DENOMINATION)
        // The same by hand: the digits before the point, and two behind it.
        const [whole = '', rest = ''] = text.replace('-', '').split('.')
        const plain = BigInt(whole) * 100n + BigInt(rest.padEnd(2, '0').slice(0, 2))
        assert.equal(units, text.startsWith('-') ? -plain : plain)
        return 'accepted'
      } catch (error) {
        if (isNamed(error, 'WalletError')) return 'refused'
        throw error
      }
    },
  }
}

function tickFrameDecoder(): Decoder {
  const valid = (dice: Dice) => {
    const bytes = validBytes(tickFrameCodec, dice)
    return bytes && encodeTickFrame(decodeTrusted(tickFrameCodec, bytes))
  }
  return textDecoder('parseTickFrame', valid, (text) => {
    const frame = parseTickFrame(text)
    return isRejection(frame) ? undefined : encodeTickFrame(frame)
  })
}
