import { CommandError, EXIT } from '@tallystick/daemon'
import type { z } from 'zod'
import { ANSWERED } from '../api/answers.js'
import { isRefusal } from '../api/problem.js'
import { askServer, wholeBody } from '../follow/ask-server.js'
import { LedgerFault } from '../ledger-fault.js'
import { UPSTREAM_PACE } from '../limits.js'

/** An answer's size, bytes: the trace of the largest transaction takes two million. */
const ANSWER_BYTES_MAX = 16_777_216

/** One question to a node's API, which is not trusted to be one. */
export type Question<Answer> = {
  /** Of the API; a slash at the end is fine. */
  readonly url: string
  /** `/v1/...` */
  readonly path: string
  readonly answered: z.ZodType<Answer>
  /** Until the answer must be there whole, milliseconds. */
  readonly answerMsMax: number
  /** Sent as plain bytes by POST; absent: GET. */
  readonly body?: Uint8Array
}

/**
 * Asks a node. Throws `CommandError`: `ledger_unreachable` when nobody answers in time,
 * `ledger_answer_malformed` when it is no node that answers, the node's own code when it refuses.
 */
export async function askNode<Answer>(question: Question<Answer>): Promise<Answer> {
  const { url, path, answered } = question
  const where = url.replace(/\/+$/, '') + path
  const { status, text } = await exchange(where, question)
  const answer = parseJson(text)
  if (status === 200) {
    const parsed = answered.safeParse(answer)
    if (parsed.success) return parsed.data
    const place = parsed.error.issues[0]?.path.map(String).join('.')
    throw noNode(where, place ? `${place} is missing or malformed` : 'it is no JSON object')
  }
  const problem = ANSWERED.problem.safeParse(answer)
  if (!problem.success) throw noNode(where, `it is HTTP ${status} without a reason`)
  const { code, detail } = problem.data
  throw new CommandError(code, detail, isRefusal(code) ? EXIT.refused : EXIT.failed)
}

async function exchange(where: string, { url, answerMsMax, body }: Question<unknown>) {
  const signal = AbortSignal.timeout(answerMsMax)
  const pace = { ...UPSTREAM_PACE, silenceMs: answerMsMax }
  try {
    const answer = await askServer(where, { pace, signal, ...(body !== undefined && { body }) })
    const bytes = await wholeBody(where, answer, ANSWER_BYTES_MAX)
    return { status: answer.status, text: Buffer.from(bytes).toString('utf8') }
  } catch (cause) {
    if (cause instanceof LedgerFault && cause.code === 'upstream_unusable') {
      throw noNode(where, cause.message)
    }
    const how = signal.aborted
      ? `does not answer within ${answerMsMax / 1_000} s`
      : 'does not answer'
    throw new CommandError('ledger_unreachable', `${url} ${how}: does a node run there?`)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // `JSON.parse` has no other way to say so; the schema refuses what is missing.
    return undefined
  }
}

function noNode(where: string, why: string): CommandError {
  const detail = `the answer of ${where} is not that of a ledger node: ${why}`
  return new CommandError('ledger_answer_malformed', detail)
}
