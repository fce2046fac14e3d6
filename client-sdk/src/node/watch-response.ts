import type { ServerResponse } from 'node:http'
import { RECEIPT } from '../http/headers.js'
import type { ServedAnswer } from '../http/served-answers.js'
import { X402_RESPONSE } from '../http/x402.js'

/** A body above this is not kept, bytes. */
const BODY_BYTES_MAX = 65_536

export type ResponseWatch = {
  /** The server failed, or who asked hung up before there was an answer: nothing is paid (HTTP402-3). */
  readonly failed: () => void
  /** It was answered; `undefined`: in pieces, or too large to keep. */
  readonly answered: (answer: ServedAnswer['answer']) => void
}

/** Tells what becomes of a response, once; the receipt goes out with none that fails. */
export function watchResponse(response: ServerResponse, watch: ResponseWatch): void {
  const { writeHead, end } = response
  let isSettled = false
  const settle = () => {
    isSettled = true
    if (response.statusCode < 500) return
    watch.failed()
    response.removeHeader(RECEIPT)
    response.removeHeader(X402_RESPONSE)
  }
  response.writeHead = ((...given: Parameters<typeof writeHead>) => {
    if (typeof given[0] === 'number') response.statusCode = given[0]
    if (!isSettled) settle()
    return writeHead.apply(response, given)
  }) as typeof writeHead
  response.end = ((...given: Parameters<typeof end>) => {
    const isWhole = !response.headersSent
    if (!isSettled) settle()
    const isPaid = response.statusCode < 500
    const answer = isPaid && isWhole ? answerOf(response, given[0], given[1]) : undefined
    const ended = end.apply(response, given)
    if (isPaid) watch.answered(answer)
    return ended
  }) as typeof end
  response.on('close', () => {
    if (!isSettled && !response.writableEnded) watch.failed()
  })
}

/** Text stays text: it is turned into bytes only if somebody asks again. */
function answerOf(
  response: ServerResponse,
  chunk: unknown,
  encoding: unknown,
): ServedAnswer['answer'] {
  const isUtf8 = typeof encoding !== 'string' || encoding === 'utf8' || encoding === 'utf-8'
  if (typeof chunk === 'string' && !isUtf8) return undefined
  const body = typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk : ''
  const bytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  if (bytes > BODY_BYTES_MAX) return undefined
  return { status: response.statusCode, headers: response.getHeaders(), body, bytes }
}
