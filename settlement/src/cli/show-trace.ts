import { readFile } from 'node:fs/promises'
import { isRejection, parseHex, parseTransaction } from '@tallystick/protocol'
import type { z } from 'zod'
import { ANSWERED } from '../api/answers.js'
import { isRefusal } from '../api/problem.js'
import { ROUTES } from '../api/routes.js'
import { printFacts } from './print-facts.js'
import { showProgress } from './show-progress.js'
import { CommandError, EXIT } from './stop-on-fault.js'

/** Until an answer must be there, milliseconds: long hash chains wait in a queue. */
const ANSWER_MS_MAX = 60_000

type Trace = z.output<typeof ANSWERED.trace>

/** `ledger trace`: what each rule says to a transaction. Ends with 2 when one refuses it. */
export async function showTrace(
  transaction: string,
  { url, json }: { readonly url: string; readonly json?: true },
): Promise<void> {
  const encoded = parseHex(transaction) ?? (await readTransaction(transaction))
  // What is no transaction does not leave the machine: it may be a file of secrets.
  const read = parseTransaction(encoded)
  if (isRejection(read)) throw new CommandError(read.code, read.detail, EXIT.refused)
  const trace = await showProgress('tracing', () => askTrace(url, encoded))
  printFacts(json, trace, traceText(trace))
  if (trace.outcome === 'failed') process.exitCode = EXIT.refused
}

/** A transaction from a file, as hex or as plain bytes. */
async function readTransaction(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch(() => {
    throw new CommandError('transaction_unreadable', `${path} is neither hex nor a file`)
  })
  return parseHex(bytes.toString('latin1').trim()) ?? new Uint8Array(bytes)
}

async function askTrace(url: string, encoded: Uint8Array): Promise<Trace> {
  const response = await fetch(url.replace(/\/+$/, '') + ROUTES.trace.path, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: new Uint8Array(encoded),
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  })
  const answer: unknown = await response.json()
  if (response.ok) return ANSWERED.trace.parse(answer)
  const { code, detail } = ANSWERED.problem.parse(answer)
  throw new CommandError(code, detail, isRefusal(code) ? EXIT.refused : EXIT.failed)
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
