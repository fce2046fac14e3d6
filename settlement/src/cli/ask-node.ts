import type { z } from 'zod'
import { ANSWERED } from '../api/answers.js'
import { isRefusal } from '../api/problem.js'
import { CommandError, EXIT } from './stop-on-fault.js'

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
  const { status, text } = await exchange(question)
  const where = url.replace(/\/+$/, '') + path
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

async function exchange({ url, path, answerMsMax, body }: Question<unknown>) {
  const signal = AbortSignal.timeout(answerMsMax)
  try {
    const response = await fetch(url.replace(/\/+$/, '') + path, {
      signal,
      // The address that was chosen is asked, none that its server chooses.
      redirect: 'manual',
      ...(body !== undefined && {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        // A copy over memory that is surely not shared, as `fetch` asks for.
        body: new Uint8Array(body),
      }),
    })
    return { status: response.status, text: await boundedText(response) }
  } catch (cause) {
    if (cause instanceof CommandError) throw cause
    const how = signal.aborted
      ? `does not answer within ${answerMsMax / 1_000} s`
      : 'does not answer'
    throw new CommandError('ledger_unreachable', `${url} ${how}: does a node run there?`)
  }
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > ANSWER_BYTES_MAX) throw noNode(response.url, 'it is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
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
