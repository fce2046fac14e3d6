import { Answer } from './answer.js'
import { LedgerError, malformedAnswer } from './ledger-error.js'
import { RequestTurns } from './request-turns.js'

/** `fetch` of the platform, or one that behaves like it. */
export type Fetch = typeof globalThis.fetch

/** Where a ledger node's API is, without a slash at the end, and how it is reached. */
export type LedgerHttp = {
  readonly base: string
  readonly fetch: Fetch
  /** Of all that ask this node together: hundreds of wallets may share one client. */
  readonly turns: RequestTurns
}

export type LedgerRequest = {
  readonly path: string
  readonly signal: AbortSignal | undefined
  /** Sent as JSON by POST; absent: GET. */
  readonly body?: object
}

/** Requests of one client that are under way; a node takes 256 of one address (API-12). */
const REQUESTS_MAX = 32
/** Until an answer has arrived whole, milliseconds: the largest block over 10 Mbit/s takes seven. */
const REQUEST_MS_MAX = 20_000
/** An answer's size, bytes: a block of four million bytes in hex, four times over. */
const ANSWER_BYTES_MAX = 33_554_432

/** The API at `url`, reached by `fetch`; one of these per node and process. */
export function ledgerHttp(url: string, fetch: Fetch): LedgerHttp {
  return {
    base: url.replace(/\/+$/, ''),
    // A browser's own refuses to be called as the method of another object.
    fetch: (input, init) => fetch(input, init),
    turns: new RequestTurns(REQUESTS_MAX),
  }
}

/**
 * One request and its answer, once it is its turn. Throws `LedgerError`: `ledger_unreachable` when no answer came, the
 * server's own code when it refused. Throws the signal's reason when the caller gave up.
 */
export async function requestAnswer(http: LedgerHttp, request: LedgerRequest): Promise<Answer> {
  const { status, text } = await http.turns.take(request.signal, () => exchange(http, request))
  if (status < 200 || status > 299) throw refusal(request.path, status, text)
  return new Answer(parseJson(text), request.path)
}

async function exchange(
  http: LedgerHttp,
  { path, body, signal }: LedgerRequest,
): Promise<{ readonly status: number; readonly text: string }> {
  const limit = new AbortController()
  const giveUp = () => limit.abort(signal?.reason)
  const timer = setTimeout(() => limit.abort(new Error('no answer in time')), REQUEST_MS_MAX)
  signal?.addEventListener('abort', giveUp, { once: true })
  try {
    const response = await firstAnswer(http, path, {
      signal: limit.signal,
      // The address that was chosen is asked, none that its server chooses.
      redirect: 'manual',
      ...(body !== undefined && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    })
    if (isRedirection(response)) {
      const detail = `${path}: the ledger leads to another address, which is not followed`
      throw new LedgerError({ code: 'ledger_answer_malformed', detail, retryable: false })
    }
    return { status: response.status, text: await boundedText(response, path) }
  } catch (cause) {
    if (signal?.aborted) throw signal.reason
    if (cause instanceof LedgerError) throw cause
    const detail = `${shown(http.base + path)}: the ledger did not answer${inBrackets(cause)}`
    throw new LedgerError({ code: 'ledger_unreachable', detail, retryable: true, cause })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', giveUp)
  }
}

/**
 * A server may close a connection that was kept open just as the next request goes out on it: what only asks is asked
 * once more (RFC 9110, section 9.2.2).
 */
async function firstAnswer(http: LedgerHttp, path: string, init: RequestInit): Promise<Response> {
  try {
    return await http.fetch(http.base + path, init)
  } catch (fault) {
    if (init.method === 'POST' || init.signal?.aborted) throw fault
    return http.fetch(http.base + path, init)
  }
}

/** An address without what may be secret in it: a user, a password, a query. */
function shown(address: string): string {
  if (!URL.canParse(address)) return address
  const { origin, pathname } = new URL(address)
  return origin + pathname
}

/** What the system calls it, where the platform tells. */
function inBrackets(fault: unknown): string {
  const cause = fault instanceof Error ? fault.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? ` (${code})` : ''
}

/** Browsers hide what it is, Node does not. */
function isRedirection({ type, status }: Response): boolean {
  return type === 'opaqueredirect' || (status >= 300 && status < 400)
}

async function boundedText(response: Response, path: string): Promise<string> {
  if (response.body === null) return ''
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.length
    if (bytes > ANSWER_BYTES_MAX) {
      await reader.cancel()
      const detail = `${path}: an answer has at most ${ANSWER_BYTES_MAX} bytes`
      throw new LedgerError({ code: 'ledger_answer_too_large', detail, retryable: false })
    }
    text += decoder.decode(value, { stream: true })
  }
}

/** What a server refused, as RFC 9457 problem details say it; without them, that it is not well. */
function refusal(path: string, status: number, text: string): LedgerError {
  try {
    const problem = new Answer(parseJson(text), path)
    return new LedgerError({
      code: problem.text('code', 64),
      detail: problem.text('detail', 2_048),
      retryable: problem.flag('retryable'),
      requestId: problem.text('request_id', 128),
      status,
    })
  } catch (cause) {
    // Not a problem document: something in front of the server answered in its place.
    const detail = `${path}: the answer is HTTP ${status} without problem details`
    const code = status >= 500 || status === 429 ? 'ledger_unreachable' : 'ledger_answer_malformed'
    const retryable = code === 'ledger_unreachable'
    return new LedgerError({ code, detail, retryable, status, cause })
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // `JSON.parse` has no other way to say so.
    throw malformedAnswer('the answer is not JSON')
  }
}
