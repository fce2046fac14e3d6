import { readFile } from 'node:fs/promises'
import { CommandError, EXIT, printFacts, showProgress } from '@tallystick/daemon'
import {
  type ChainId,
  encode,
  isRejection,
  parseHex,
  parseTransaction,
  type TxId,
  transactionCodec,
  transactionId,
} from '@tallystick/protocol'
import { SignaturePool } from '@tallystick/protocol/workers'
import { InvalidArgumentError } from 'commander'
import type { z } from 'zod'
import { ANSWERED } from '../api/answers.js'
import { ROUTES } from '../api/routes.js'
import { traceResource } from '../api/trace-resource.js'
import { openArchiveOf } from '../history/open-archive-of.js'
import { traceIncluded } from '../trace-included.js'
import { askNode } from './ask-node.js'
import { progressOf } from './progress.js'
import { readProposal } from './proposal-file.js'

/** Until an answer must be there, milliseconds: long hash chains wait in a queue. */
const ANSWER_MS_MAX = 60_000

type Trace = z.output<typeof ANSWERED.trace>

export type TraceOptions = {
  readonly url?: string
  readonly archive?: string
  readonly height?: number
  readonly chainId?: ChainId
  readonly json?: true
}

/** What is to be traced: by name, or as its bytes. */
type Traced =
  | { readonly kind: 'named'; readonly id: TxId }
  | { readonly kind: 'encoded'; readonly encoded: Uint8Array }

/** `ledger trace`: what each rule says to a transaction. Ends with 2 when one refuses it. */
export async function showTrace(transaction: string, options: TraceOptions): Promise<void> {
  const { url, archive, json } = options
  const traced = await tracedOf(transaction)
  if ((url === undefined) === (archive === undefined)) {
    throw new InvalidArgumentError('exactly one of --url and --archive is due: where it is run')
  }
  if (url !== undefined && (options.height !== undefined || options.chainId !== undefined)) {
    throw new InvalidArgumentError(
      '--height and --chain-id are for --archive: a node proves no trace',
    )
  }
  const trace =
    url === undefined
      ? await traceInArchive(archive ?? '', traced, options)
      : await showProgress('tracing', () => askTrace(url, traced))
  printFacts(json, trace, traceText(trace))
  if (trace.outcome === 'failed') process.exitCode = EXIT.refused
}

async function tracedOf(transaction: string): Promise<Traced> {
  // No transaction is as short as an id.
  if (/^[0-9a-f]{64}$/.test(transaction)) return { kind: 'named', id: transaction as TxId }
  const encoded = parseHex(transaction) ?? (await readTransaction(transaction))
  return { kind: 'encoded', encoded }
}

/** A transaction from a file: a proposal, hex or plain bytes. */
async function readTransaction(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch(() => {
    throw new CommandError('transaction_unreadable', `${path} is no id, no hex and no file`)
  })
  // No transaction is JSON: it begins with a time, and one brace is the year 1970.
  if (bytes.toString('latin1').trimStart().startsWith('{')) {
    return encode(transactionCodec, (await readProposal(path)).transaction)
  }
  return parseHex(bytes.toString('latin1').trim()) ?? new Uint8Array(bytes)
}

function parsedTransaction(encoded: Uint8Array) {
  const read = parseTransaction(encoded)
  if (isRejection(read)) throw new CommandError(read.code, read.detail, EXIT.refused)
  return read
}

function askTrace(url: string, traced: Traced): Promise<Trace> {
  const asked = { url, answered: ANSWERED.trace, answerMsMax: ANSWER_MS_MAX }
  switch (traced.kind) {
    case 'named':
      return askNode({ ...asked, path: ROUTES.traceWaiting.path.replace(':id', traced.id) })
    case 'encoded': {
      // What is no transaction does not leave the machine: it may be a file of secrets.
      parsedTransaction(traced.encoded)
      return askNode({ ...asked, path: ROUTES.trace.path, body: traced.encoded })
    }
  }
}

/** Runs it where it is in the chain of an archive, which is checked on the way. */
async function traceInArchive(
  location: string,
  traced: Traced,
  { height, chainId }: TraceOptions,
): Promise<Trace> {
  const pool = new SignaturePool('behind')
  try {
    const archive = await openArchiveOf(location, chainId)
    const id =
      traced.kind === 'named'
        ? traced.id
        : transactionId(archive.chainId, parsedTransaction(traced.encoded).body)
    const onProgress = progressOf('trace')
    const trace = await traceIncluded({ archive, id, height, pool, onProgress })
    if (trace !== undefined) return traceResource(trace)
    const where = height === undefined ? location : `block ${height} of ${location}`
    throw new CommandError('not_found', `${where} does not hold transaction ${id}`)
  } finally {
    await pool.stop()
  }
}

function traceText({ id, status, included, tip, outcome, cost, burnt, steps }: Trace): string {
  const where = included === null ? status : `${status} in block ${included.height}`
  const fees = burnt.map(({ asset, amount }) => `${amount} of asset ${asset}`).join(', ')
  return [
    `transaction ${id} (${where})`,
    `on block ${tip.height}, at ledger time ${tip.time}: ${outcome}, cost ${cost}`,
    ...(fees === '' ? [] : [`burns ${fees}`]),
    ...steps.map((step) => {
      const costs = step.cost === 0 ? '' : `  cost ${step.cost}`
      const why = step.code === null ? '' : `  ${step.code}: ${step.detail}`
      return `${step.outcome.padEnd(11)} ${step.rule.padEnd(6)} ${step.subject}${costs}${why}`
    }),
  ].join('\n')
}
