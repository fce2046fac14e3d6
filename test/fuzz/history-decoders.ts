import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import {
  blockCodec,
  compareBytes,
  encode,
  equalBytes,
  fromHex,
  timestamp,
  utf8,
} from '@tallystick/protocol'
import { genesisWrites, LedgerState, stateChanges } from '@tallystick/settlement'
import { SignaturePool } from '#protocol/workers/signature-pool.js'
import { readBlocks } from '#settlement/follow/read-blocks.js'
import { emptyIndex, parseArchiveIndex } from '#settlement/history/archive-index.js'
import { readRecordFile } from '#settlement/history/record-file.js'
import { openSnapshot, snapshotRecords, verifiedEntries } from '#settlement/history/snapshot.js'
import { entryRows } from '#settlement/store/entry-row.js'
import type { Dice } from '../protocol/test-channel.js'
import { testBlock } from '../settlement/test-block.js'
import { START, TestLedger, testGenesis } from '../settlement/test-ledger.js'
import { validBytes } from './codec-decoders.js'
import { type Decoder, isNamed, textOf } from './decoder.js'

/** What a follower takes from its upstream's feed, and what archives and snapshots hold. */
export async function historyDecoders(): Promise<readonly Decoder[]> {
  return [feedDecoder(), archiveIndexDecoder(), recordFileDecoder(), await snapshotDecoder()]
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** Whether `work` ends, or fails with an error of this class that has a name. */
async function verdictOf(className: string, work: () => unknown) {
  try {
    await work()
    return 'accepted'
  } catch (error) {
    if (isNamed(error, className)) return 'refused'
    throw error
  }
}

function feedDecoder(): Decoder {
  const { chainId } = new TestLedger()
  const pool = new SignaturePool('behind')
  return {
    name: 'readBlocks',
    covers: ['readBlocks'],
    valid: (dice) => validBytes(blockCodec, dice),
    check: async (input) => {
      try {
        for await (const { block } of readBlocks(one(input), chainId, new LedgerState(), pool)) {
          assert.ok(equalBytes(encode(blockCodec, block), input), 'INV-23 not its own encoding')
        }
        return 'accepted'
      } catch (error) {
        if (error instanceof Error && 'rejection' in error) return 'refused'
        throw error
      }
    },
  }
}

function archiveIndexDecoder(): Decoder {
  const id = '5a'.repeat(32)
  const index = {
    ...emptyIndex(testGenesis(), { blocks_per_file: 4, checkpoint_blocks: 3 }),
    files: [
      { ...{ name: '0000000001-0000000004.blocks.gz', first: 1, last: 4 }, last_id: id },
      { ...{ name: '0000000005-0000000005.blocks.gz', first: 5, last: 5 }, last_id: id },
    ].map((file) => ({ ...file, bytes: 100, sha256: id })),
    checkpoints: [{ name: '0000000003.snapshot.gz', height: 3, bytes: 1, sha256: id }],
  }
  return {
    name: 'parseArchiveIndex',
    covers: ['parseArchiveIndex'],
    valid: () => utf8(JSON.stringify(index)),
    check: (input) => {
      return verdictOf('LedgerFault', () => {
        const { index: read } = parseArchiveIndex(textOf(input), 'here')
        assert.deepEqual(parseArchiveIndex(JSON.stringify(read), 'here').index, read)
      })
    },
  }
}

function framed(records: readonly Uint8Array[]): Uint8Array {
  const parts = records.flatMap((record) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(record.length)
    return [length, record]
  })
  return new Uint8Array(Buffer.concat(parts))
}

function unzippedFile(input: Uint8Array): AsyncGenerator<Uint8Array> {
  return readRecordFile(Readable.from([gzipSync(input, { level: 0 })]), 'here', undefined)
}

/** The input is what the file holds; now and then a file that is none at all. */
function recordFileDecoder(): Decoder {
  const isZipped = (dice: Dice) => dice.chance(70)
  return {
    name: 'readRecordFile',
    covers: ['readRecordFile'],
    valid: (dice) => {
      const records = Array.from({ length: 1 + dice.roll(4) }, () => dice.bytes(dice.roll(40)))
      const content = framed(records)
      // The first byte says whether the rest is the file or what it holds.
      return isZipped(dice)
        ? new Uint8Array([1, ...gzipSync(content)])
        : new Uint8Array([0, ...content])
    },
    check: (input) => {
      const [kind, rest] = [input[0], input.subarray(1)]
      const file =
        kind === 1
          ? readRecordFile(Readable.from([Buffer.from(rest)]), 'here', undefined)
          : unzippedFile(rest)
      return verdictOf('LedgerFault', async () => {
        const records: Uint8Array[] = []
        for await (const record of file) records.push(record)
        if (kind !== 1) assert.ok(equalBytes(framed(records), rest), 'INV-23 other records')
      })
    },
  }
}

/** The records of a snapshot, of which nothing may be taken that is not the certified state. */
async function snapshotDecoder(): Promise<Decoder> {
  const ledger = new TestLedger()
  const { genesis } = ledger
  const writes = genesisWrites(genesis)
  const changes = stateChanges(writes)
  const entries = entryRows(writes, changes).put.toSorted((a, b) => compareBytes(a.key, b.key))
  const block = testBlock(ledger, timestamp(START + 1), [])
  async function* stored() {
    yield entries
  }
  const head = { genesis, block, handovers: [], entries: entries.length }
  const records: Uint8Array[] = []
  for await (const record of snapshotRecords(head, stored())) records.push(record)
  const due = fromHex(ledger.chainId)
  return {
    name: 'openSnapshot',
    covers: ['openSnapshot', 'verifiedEntries'],
    valid: () => framed(records),
    check: (input) => {
      return verdictOf('LedgerFault', async () => {
        const snapshot = await openSnapshot(unzippedFile(input), 'here')
        const state = new LedgerState()
        for await (const rows of verifiedEntries(snapshot, state)) assert.ok(rows.length > 0)
        assert.ok(equalBytes(state.root, snapshot.block.header.stateRoot))
        const isOurs = equalBytes(fromHex(snapshot.block.header.chainId), due)
        assert.ok(!isOurs || equalBytes(state.root, block.header.stateRoot), 'another state')
      })
    },
  }
}
