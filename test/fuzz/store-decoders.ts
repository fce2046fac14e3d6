import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ChannelParty,
  chainIdOf,
  channelPartyCodec,
  createMnemonic,
  decodeTrusted,
  encode,
  equalBytes,
  signTransaction,
  TIMESTAMP_MAX,
  timestamp,
  toHex,
  transactionCodec,
  utf8,
} from '@tallystick/protocol'
import { MarkFile, readHighWaterMark } from '#client-sdk/node/high-water-mark.js'
import { decodeWalletChannel, encodeWalletChannel } from '#client-sdk/wallet/wallet-records.js'
import { decodeHubChannel, hubChannelCodec } from '#hub/core/hub-channel.js'
import { readKeyFile } from '#settlement/cli/key-file.js'
import { readProposal, writeProposal } from '#settlement/cli/proposal-file.js'
import { readGenesisFile, writtenGenesis } from '#settlement/genesis-file.js'
import { readTipMark, type TipMarkRecord, writeTipMark } from '#settlement/store/tip-mark.js'
import { readValidatorKey } from '#settlement/validator-key.js'
import { decodeRecord, encodeRecord, recordOf } from '#watchtower/core/appointment-record.js'
import type { Dice } from '../protocol/test-channel.js'
import { testGenesis, VALIDATOR } from '../settlement/test-ledger.js'
import { entrustedOf } from '../watchtower/test-entrusted.js'
import { validBytes } from './codec-decoders.js'
import { type Decoder, isNamed, textOf } from './decoder.js'

/** What the programs read from their own disk: records of channels, and files that people edit. */
export function storeDecoders(): readonly Decoder[] {
  return [
    recordDecoder(
      'decodeHubChannel',
      decodeHubChannel,
      (channel) => encode(hubChannelCodec, channel),
      (party) => {
        return { party, owner: undefined, onward: [], origin: [], waiting: [] }
      },
    ),
    recordDecoder('decodeWalletChannel', decodeWalletChannel, encodeWalletChannel, (party) => {
      return { party, keyIndex: 3, books: 'whole' as const, end: undefined }
    }),
    recordDecoder('decodeRecord', decodeRecord, encodeRecord, ({ ledger }) =>
      recordOf(ledger, entrustedOf()),
    ),
    genesisFileDecoder(),
    proposalFileDecoder(),
    tipMarkDecoder(),
    highWaterMarkDecoder(),
    secretFileDecoder({
      name: 'readValidatorKey',
      fault: 'LedgerFault',
      valid: (dice) => `${toHex(dice.bytes(32))}\n`,
      read: readValidatorKey,
    }),
    secretFileDecoder({
      name: 'readKeyFile',
      fault: 'CommandError',
      valid: (dice) => `${createMnemonic(dice.bytes(32))}\n`,
      read: readKeyFile,
    }),
  ]
}

/** A record that only we have written: anything else ends the program by the name of what it is. */
function recordDecoder<T>(
  name: string,
  decodeRecord: (bytes: Uint8Array) => T,
  encodeRecord: (value: T) => Uint8Array,
  recordOf: (party: ChannelParty) => T,
): Decoder {
  return {
    name,
    covers: [name],
    valid: (dice) => {
      const bytes = validBytes(channelPartyCodec, dice)
      if (bytes === undefined) return undefined
      const party = { ...decodeTrusted(channelPartyCodec, bytes), draft: undefined }
      return encodeRecord(recordOf(party))
    },
    check: (input) => {
      let value: T
      try {
        value = decodeRecord(input)
      } catch (error) {
        if (error instanceof Error && error.name === 'MalformedBytes') return 'refused'
        throw error
      }
      assert.ok(equalBytes(encodeRecord(value), input), 'INV-23 not its own encoding')
      return 'accepted'
    },
  }
}

/** Runs `read` on a file of these bytes that only its owner can read. */
async function fromFile<T>(input: Uint8Array, read: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-fuzz-'))
  try {
    const path = join(folder, 'file')
    writeFileSync(path, input, { mode: 0o600 })
    return await read(path)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function genesisFileDecoder(): Decoder {
  const written = writtenGenesis(testGenesis())
  return {
    name: 'readGenesisFile',
    covers: ['readGenesisFile'],
    valid: () => utf8(written),
    check: async (input) => {
      try {
        const genesis = await fromFile(input, readGenesisFile)
        const again = await fromFile(utf8(writtenGenesis(genesis)), readGenesisFile)
        assert.equal(chainIdOf(again), chainIdOf(genesis))
        return 'accepted'
      } catch (error) {
        if (isNamed(error, 'LedgerFault')) return 'refused'
        throw error
      }
    },
  }
}

/** What validators send each other: one reading of a file is what was signed, or it is refused. */
function proposalFileDecoder(): Decoder {
  const genesis = testGenesis()
  const chainId = chainIdOf(genesis)
  const change = { activationHeight: 30, parameters: { ...genesis.parameters, revision: 1 } }
  const body = {
    ...{ validFrom: timestamp(0), validUntil: TIMESTAMP_MAX, inputs: [], outputs: [], reveals: [] },
    ...{ operations: [{ kind: 'changeParameters', change } as const], memo: new Uint8Array() },
  }
  const signed = encode(transactionCodec, signTransaction(chainId, body, [], [VALIDATOR]))
  const written = { format: 1, chain_id: chainId, transaction: toHex(signed) }
  return {
    name: 'readProposal',
    covers: ['readProposal'],
    valid: () => utf8(JSON.stringify(written)),
    check: async (input) => {
      try {
        const proposal = await fromFile(input, readProposal)
        const again = await fromFile(input, async (path) => {
          await writeProposal(path, proposal)
          return readProposal(path)
        })
        assert.deepEqual(again, proposal)
        return 'accepted'
      } catch (error) {
        if (isNamed(error, 'CommandError')) return 'refused'
        throw error
      }
    },
  }
}

function tipMarkDecoder(): Decoder {
  const written = (mark: TipMarkRecord) =>
    fromFile(new Uint8Array(), async (path) => {
      await writeTipMark(path, mark)
      return new Uint8Array(readFileSync(path))
    })
  return {
    name: 'readTipMark',
    covers: ['readTipMark'],
    valid: (dice) => {
      const text = `${String(dice.roll(1_000)).padStart(16, '0')} v ${toHex(dice.bytes(32))} `
      const sum = createHash('sha256').update(text).digest('hex').slice(0, 16)
      return utf8(`${text}${sum}\n`)
    },
    check: async (input) => {
      try {
        const mark = await fromFile(input, readTipMark)
        assert.ok(equalBytes(await written(mark), input), 'INV-23 not its own encoding')
        return 'accepted'
      } catch (error) {
        if (isNamed(error, 'LedgerFault')) return 'refused'
        throw error
      }
    },
  }
}

/** What was read names a commit that `MarkFile` would write so: into its place, or into both. */
function highWaterMarkDecoder(): Decoder {
  const written = (noted: Parameters<typeof MarkFile.create>[1]) =>
    fromFile(new Uint8Array(), async (path) => {
      await (await MarkFile.create(path, noted)).close()
      return new Uint8Array(readFileSync(path))
    })
  return {
    name: 'readHighWaterMark',
    covers: ['readHighWaterMark'],
    valid: (dice) => {
      const place = (sequence: number) => {
        const hex = `${toHex(dice.bytes(16))} ${String(sequence).padStart(16, '0')}`
        const text = `tallystick mark 1 ${hex} ${toHex(dice.bytes(32))} `
        const sum = createHash('sha256').update(text).digest('hex').slice(0, 32)
        return `${`${text}${sum}`.padEnd(4_095)}\n`
      }
      // The other place was torn.
      return utf8(place(2 * dice.roll(1_000)) + ' '.repeat(4_096))
    },
    check: async (input) => {
      try {
        const mark = await fromFile(input, readHighWaterMark)
        const { id, sequence, head } = mark
        const again = await written({ id, sequence, previous: head, head })
        const from = (sequence % 2) * 4_096
        const isSame = equalBytes(
          input.subarray(from, from + 4_096),
          again.subarray(from, from + 4_096),
        )
        assert.ok(isSame, 'INV-23 not its own encoding')
        return 'accepted'
      } catch (error) {
        if (isNamed(error, 'StoreFault')) return 'refused'
        throw error
      }
    },
  }
}

/** INV-51: whatever is wrong with a file of secrets, its content is not in the error. */
function secretFileDecoder(file: {
  readonly name: string
  readonly fault: string
  readonly valid: (dice: Dice) => string
  readonly read: (path: string) => Promise<unknown>
}): Decoder {
  return {
    name: file.name,
    covers: [file.name],
    valid: (dice) => utf8(file.valid(dice)),
    check: async (input) => {
      try {
        await fromFile(input, file.read)
        return 'accepted'
      } catch (error) {
        if (!isNamed(error, file.fault)) throw error
        const words = textOf(input)
          .split(/\s+/)
          .filter((word) => word.length > 12)
        const { message } = error as Error
        assert.ok(!words.some((word) => message.includes(word)), 'INV-51 a secret in an error')
        return 'refused'
      }
    },
  }
}
