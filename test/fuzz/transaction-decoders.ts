import assert from 'node:assert/strict'
import {
  type Block,
  blockCodec,
  type Codec,
  decode,
  decodeTrusted,
  encode,
  encodeStateProof,
  equalBytes,
  frameCodec,
  isRejection,
  outlineTransaction,
  parseFrame,
  parseTowerMessage,
  parseTransaction,
  provenEntry,
  type StateProof,
  stateKey,
  stateProofCodec,
  stateValueHash,
  type Transaction,
  towerMessageCodec,
  transactionCodec,
  transactionDigest,
} from '@tallystick/protocol'
import { ReceivedTransactions } from '@tallystick/settlement'
import { readBlock } from '#client-sdk/ledger/follow-blocks.js'
import { CHAIN, type Dice } from '../protocol/test-channel.js'
import { buildTree, proveKey, treeRoot } from '../settlement/reference-tree.js'
import { codecDecoder, validBytes, verdictOn } from './codec-decoders.js'
import { type Decoder, isNamed, type Verdict } from './decoder.js'

/** What is read before its signatures are: transactions, messages, blocks and proofs. */
export function transactionDecoders(): readonly Decoder[] {
  return [
    bounded('parseTransaction', transactionCodec, parseTransaction, 'transaction_too_large'),
    {
      ...bounded(
        'outlineTransaction',
        transactionCodec,
        outlinedTransaction,
        'transaction_too_large',
      ),
      covers: [],
    },
    bounded('parseFrame', frameCodec, parseFrame, 'message_too_large'),
    bounded('parseTowerMessage', towerMessageCodec, parseTowerMessage, 'message_too_large'),
    {
      name: 'ReceivedTransactions',
      covers: [],
      valid: validBlock,
      check: (input) =>
        checkBlock(input, ({ transactions }) => {
          const received = ReceivedTransactions.of(CHAIN, transactions)
          const read = isRejection(received)
            ? [received]
            : transactions.map((_, position) => received.candidate(position))
          const refusal = read.find(isRejection)
          if (refusal === undefined && !isRejection(received)) return received.transactions()
          assert.ok(refusal !== undefined)
          assert.ok(['block_transaction_refused', 'block_too_large'].includes(refusal.code))
          return undefined
        }),
    },
    {
      name: 'readBlock',
      covers: ['readBlock'],
      valid: validBlock,
      check: (input) =>
        checkBlock(input, (block) => {
          try {
            return readBlock(block).transactions
          } catch (error) {
            if (isNamed(error, 'LedgerError')) return undefined
            throw error
          }
        }),
    },
    stateProofDecoder(),
  ]
}

/** What is found out ahead of reading: true of every transaction, and never a crash. */
function outlinedTransaction(input: Uint8Array) {
  const transaction = parseTransaction(input)
  const outline = outlineTransaction(CHAIN, input)
  if (isRejection(transaction)) return transaction
  assert.ok(!isRejection(outline))
  assert.equal(outline.signers, transaction.signers.length)
  assert.deepEqual(outline.digest, transactionDigest(CHAIN, transaction.body))
  return transaction
}

/** A parser that looks at the size first: of bytes that are too many it reads nothing. */
function bounded(
  name: string,
  codec: Codec<unknown>,
  parse: (input: Uint8Array) => unknown,
  tooLarge: string,
): Decoder {
  return {
    ...codecDecoder(name, codec),
    check: (input) => {
      const answer = parse(input)
      const { code } = answer as { readonly code?: unknown }
      return code === tooLarge ? 'refused' : verdictOn(codec, input, answer)
    },
  }
}

/** A block whose transactions are encodings of transactions; nobody signed anything of it. */
function validBlock(dice: Dice): Uint8Array | undefined {
  const bytes = validBytes(blockCodec, dice)
  const transactions = [0, 1].flatMap(() => validBytes(transactionCodec, dice) ?? [])
  if (bytes === undefined || transactions.length === 0) return undefined
  return encode(blockCodec, { ...decodeTrusted(blockCodec, bytes), transactions })
}

/** A block is read with its transactions, or refused whole: no byte of either reads another way. */
function checkBlock(
  input: Uint8Array,
  read: (block: Block) => readonly Transaction[] | undefined,
): Verdict {
  const block = decode(blockCodec, input)
  if (isRejection(block)) return verdictOn(blockCodec, input, block)
  const transactions = read(block as Block)
  if (transactions === undefined) return 'refused'
  const again = transactions.map((transaction) => encode(transactionCodec, transaction))
  const { header, certificate } = block as Block
  const whole = encode(blockCodec, { header, certificate, transactions: again })
  assert.ok(equalBytes(whole, input), 'INV-23 the block is not its own encoding')
  return 'accepted'
}

const COUNTS = { key: {}, value: Uint8Array.of(3) } as const
const COUNT_KEY = stateKey('channelCount', COUNTS.key)
const TREE = buildTree([
  { key: COUNT_KEY, valueHash: stateValueHash('channelCount', COUNTS.value) },
  ...[1, 2, 3, 4, 5, 6, 7].map((byte) => {
    const key = new Uint8Array(32).fill(37 * byte)
    return { key, valueHash: key }
  }),
])
const PROOF = encodeStateProof(proveKey(TREE, COUNT_KEY))
const ABSENCE = encodeStateProof(proveKey(TREE, stateKey('assetCount', {})))

/** INV-36: of all bytes, those of the one proof alone show that an entry is there, or is not. */
function stateProofDecoder(): Decoder {
  const root = treeRoot(TREE)
  return {
    name: 'provenEntry',
    covers: ['provenEntry'],
    valid: (dice) => dice.pick([PROOF, ABSENCE]),
    check: (input) => {
      const proof = decode(stateProofCodec, input)
      if (isRejection(proof)) return verdictOn(stateProofCodec, input, proof)
      const claims = [
        [provenEntry(root, 'channelCount', {}, COUNTS.value, proof as StateProof), PROOF],
        [provenEntry(root, 'assetCount', {}, undefined, proof as StateProof), ABSENCE],
      ] as const
      for (const [proven, only] of claims) {
        if (isRejection(proven)) assert.equal(proven.code, 'bad_state_proof')
        else assert.ok(equalBytes(input, only), 'INV-36 a second proof of the same')
      }
      for (const lie of [
        provenEntry(root, 'channelCount', {}, undefined, proof as StateProof),
        provenEntry(root, 'assetCount', {}, COUNTS.value, proof as StateProof),
      ]) {
        assert.ok(isRejection(lie), 'INV-36 a proof of what is not so')
      }
      return claims.some(([proven]) => !isRejection(proven)) ? 'accepted' : 'refused'
    },
  }
}
