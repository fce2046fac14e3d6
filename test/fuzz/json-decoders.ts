import assert from 'node:assert/strict'
import {
  blockCodec,
  blockHeaderCodec,
  type Codec,
  certificateCodec,
  encode,
  genesisCodec,
  handoverCodec,
  isRejection,
  parseTransaction,
  stateProofCodec,
  toHex,
  transactionCodec,
  utf8,
} from '@tallystick/protocol'
import {
  fetchBlock,
  fetchEntry,
  fetchGenesis,
  fetchHandovers,
  fetchLatestHeader,
  fetchTransactionStatus,
  listChannels,
  listCoins,
} from '#client-sdk/ledger/ledger-api.js'
import { type LedgerHttp, ledgerHttp } from '#client-sdk/ledger/ledger-http.js'
import { PARAMETERS } from '#settlement/api/parameters.js'
import type { Dice } from '../protocol/test-channel.js'
import { validBytes } from './codec-decoders.js'
import { type Decoder, isNamed, textOf } from './decoder.js'

const ID = '5a'.repeat(32)

/** Requests to the ledger's API, and what a server answers to a client of it. */
export function jsonDecoders(): readonly Decoder[] {
  return [...requestDecoders(), ...answerDecoders()]
}

/** Query and path of each address, as one object of text, and the body of a submission. */
function requestDecoders(): readonly Decoder[] {
  const examples: { readonly [Name in keyof typeof PARAMETERS]: (dice: Dice) => object } = {
    none: () => ({}),
    height: () => ({ height: '17' }),
    blocks: (dice) => (dice.chance(50) ? { from: '3', limit: '5' } : { cursor: '9' }),
    parameterChanges: () => ({ from: '0', limit: '100' }),
    blockTransactions: () => ({ height: '17', cursor: '17-4', limit: '1' }),
    transaction: () => ({ id: ID }),
    asset: () => ({ id: '4294967295' }),
    coin: () => ({ txId: ID, index: '4294967295' }),
    channel: () => ({ number: '281474976710656' }),
    channelTransactions: () => ({ number: '0', cursor: '0-0' }),
    reveal: () => ({ anchor: ID }),
    revealStep: () => ({ anchor: ID, step: '1' }),
    coins: () => ({ lock: ID, cursor: ID, limit: '2' }),
    channels: () => ({ key: ID }),
    feed: () => ({ from: '1' }),
    submission: (dice) => ({ transaction: toHex(dice.bytes(1 + dice.roll(60))) }),
  }
  return Object.entries(PARAMETERS).map(([name, schema]): Decoder => {
    return {
      name: `PARAMETERS.${name}`,
      covers: [],
      valid: (dice) => utf8(JSON.stringify(examples[name as keyof typeof PARAMETERS](dice))),
      check: (input) => {
        const asked = jsonOf(input)
        const parsed = schema.safeParse(asked)
        if (!parsed.success) return 'refused'
        const read = parsed.data as Readonly<Record<string, unknown>>
        for (const [field, value] of Object.entries(asked as object)) {
          assert.equal(writtenAgain(read[field]), value, 'INV-23 a second address of one resource')
        }
        return 'accepted'
      },
    }
  })
}

function writtenAgain(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value)
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'object' || value === null) return value
  const { height, position } = value as { readonly height: number; readonly position: number }
  return `${height}-${position}`
}

function jsonOf(input: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(input))
  } catch {
    // Whoever receives no JSON refuses it before any of this.
    return undefined
  }
}

/** What a client makes of a server's answer, whatever the server says. */
function answerDecoders(): readonly Decoder[] {
  const hexOf = (codec: Codec<unknown>, dice: Dice) => {
    const bytes = validBytes(codec, dice)
    return bytes && toHex(bytes)
  }
  const header = (dice: Dice) => ({
    header: hexOf(blockHeaderCodec, dice),
    certificate: dice.chance(20) ? null : hexOf(certificateCodec, dice),
  })
  return [
    answerDecoder(
      'fetchGenesis',
      (dice) => ({ genesis: hexOf(genesisCodec, dice) }),
      async (http) => encode(genesisCodec, await fetchGenesis(http, undefined)),
    ),
    answerDecoder(
      'fetchBlock',
      (dice) => ({ block: hexOf(blockCodec, dice) }),
      async (http) => encode(blockCodec, await fetchBlock(http, 1, undefined)),
    ),
    answerDecoder('fetchLatestHeader', header, (http) => fetchLatestHeader(http, undefined)),
    answerDecoder(
      'fetchEntry',
      (dice) => ({
        ...header(dice),
        value: dice.chance(50) ? null : toHex(dice.bytes(dice.roll(60))),
        proof: hexOf(stateProofCodec, dice),
      }),
      (http) => fetchEntry(http, 'channelCount', {}, undefined),
    ),
    answerDecoder(
      'fetchHandovers',
      (dice) => ({ data: [{ handover: hexOf(handoverCodec, dice) }] }),
      (http) => fetchHandovers(http, 1, undefined),
    ),
    answerDecoder(
      'fetchTransactionStatus',
      (dice) =>
        dice.pick([
          { status: 'pending' },
          { status: 'rejected', code: 'fee_too_low', detail: 'more is due' },
          {
            status: 'included',
            height: 1,
            position: 0,
            transaction: hexOf(transactionCodec, dice),
          },
        ]),
      async (http) => {
        const status = await fetchTransactionStatus(http, ID as never, undefined)
        if (status.kind !== 'included') return
        const transaction = parseTransaction(status.transaction)
        if (!isRejection(transaction)) encode(transactionCodec, transaction)
      },
    ),
    answerDecoder(
      'listCoins',
      () => ({ data: [{ tx_id: ID, index: 1 }], has_more: false, next: null }),
      (http) => listCoins(http, ID as never, undefined),
    ),
    answerDecoder(
      'listChannels',
      () => ({ data: [{ number: 1 }], has_more: false, next: null }),
      (http) => listChannels(http, ID as never, undefined),
    ),
  ]
}

function answerDecoder(
  name: string,
  example: (dice: Dice) => object,
  read: (http: LedgerHttp) => Promise<unknown>,
): Decoder {
  return {
    name,
    covers: [name],
    valid: (dice) => {
      const answer = Object.entries(example(dice))
      const isWhole = !JSON.stringify(answer, missing).includes(MISSING)
      return isWhole ? utf8(JSON.stringify(Object.fromEntries(answer))) : undefined
    },
    check: async (input) => {
      const answers = [input, utf8('{}')]
      // A list that says that more follows is asked for more: that is the end of it.
      const http = ledgerHttp(
        'http://ledger',
        async () => new Response(new Uint8Array(answers.shift() ?? utf8('{}'))),
      )
      try {
        await read(http)
        return 'accepted'
      } catch (error) {
        if (isNamed(error, 'LedgerError')) return 'refused'
        throw error
      }
    },
  }
}

const MISSING = 'no such bytes this time'

/** Names what a throw of the dice did not give, which JSON would leave out. */
function missing(_: string, value: unknown): unknown {
  return value === undefined ? MISSING : value
}
