import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { LedgerFault } from '../ledger-fault.js'
import { type Pace, PacedBody } from './paced-body.js'

/** What is asked of a server; without a body by GET, with one by POST. */
export type ServerRequest = {
  readonly pace: Pace
  readonly body?: Uint8Array
  readonly signal?: AbortSignal | undefined
}

/** What a server answered; whoever takes it reads `body` to its end, or destroys it. */
export type ServerAnswer = {
  readonly status: number
  readonly contentType: string
  /** Of the body, as the server sends it: `identity` is what was asked for. */
  readonly contentEncoding: string
  readonly body: PacedBody
}

/**
 * Asks a server that may be hostile. The body comes as its bytes are on the wire: what a file server
 * calls the compression of a file that is compressed by itself changes nothing. Throws
 * `upstream_unreachable` when no answer begins in time, `upstream_unusable` for a redirection: an
 * address that somebody chose is not exchanged for one that a server chooses.
 */
export async function askServer(url: string, asked: ServerRequest): Promise<ServerAnswer> {
  const response = await responseOf(url, asked)
  const { statusCode: status = 0, headers } = response
  const body = new PacedBody(response, url, asked.pace)
  if (status >= 300 && status < 400) {
    body.destroy()
    const where = (headers.location ?? 'nowhere').slice(0, 200)
    const detail = `${url} answers ${status} and leads to ${where}: redirections are not followed`
    throw new LedgerFault('upstream_unusable', detail)
  }
  return {
    ...{ status, body },
    contentType: headers['content-type'] ?? 'application/octet-stream',
    contentEncoding: headers['content-encoding'] ?? 'identity',
  }
}

/**
 * The whole body of an answer that is not compressed. Throws `upstream_unusable` for one that is, and
 * as soon as one byte more than `bytesMax` is there.
 */
export async function wholeBody(
  url: string,
  { body, contentEncoding }: ServerAnswer,
  bytesMax: number,
): Promise<Uint8Array> {
  try {
    if (contentEncoding !== 'identity') {
      const detail = `${url} answers in content-encoding ${contentEncoding.slice(0, 50)}`
      throw new LedgerFault('upstream_unusable', `${detail}, which was not asked for`)
    }
    const chunks: Buffer[] = []
    let length = 0
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > bytesMax) {
        const detail = `${url} answers more than ${bytesMax} bytes`
        throw new LedgerFault('upstream_unusable', detail)
      }
      chunks.push(chunk)
    }
    return new Uint8Array(Buffer.concat(chunks))
  } finally {
    body.destroy()
  }
}

function responseOf(url: string, { pace, body, signal }: ServerRequest): Promise<IncomingMessage> {
  const send = url.startsWith('https:') ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const request = send(url, {
      // A connection of its own: one that is used again may be closed just then.
      agent: false,
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        'accept-encoding': 'identity',
        ...(body !== undefined && {
          'content-type': 'application/octet-stream',
          'content-length': body.length,
        }),
      },
      ...(signal !== undefined && { signal }),
    })
    const late = setTimeout(() => {
      request.destroy(new Error(`nothing for ${pace.silenceMs} ms`))
    }, pace.silenceMs)
    request.once('response', (response) => {
      clearTimeout(late)
      resolve(response)
    })
    request.on('error', (cause) => {
      clearTimeout(late)
      reject(new LedgerFault('upstream_unreachable', `${url} does not answer`, cause))
    })
    request.end(body)
  })
}
