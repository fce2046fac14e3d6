import type { IncomingMessage } from 'node:http'
import { BODY_BYTES_MAX } from '../limits.js'
import type { Problem } from './problem.js'

const TOO_LARGE: Problem = {
  code: 'transaction_too_large',
  detail: `a body has at most ${BODY_BYTES_MAX} bytes`,
}

/** What the body of a request takes in memory at most, bytes; without a declared length it is all. */
export function bodyBytesMax({ headers }: IncomingMessage): number {
  return Math.min(Number(headers['content-length'] ?? BODY_BYTES_MAX), BODY_BYTES_MAX)
}

/**
 * The whole body of a request, plain and bounded. What says that it is too large is refused before
 * a byte of it is read, and what turns out to be as soon as it does; nothing waits for the rest.
 * Rejects when the client goes away.
 */
export function readBody(request: IncomingMessage): Promise<Uint8Array | Problem> {
  const { 'content-encoding': encoding = 'identity', 'content-length': declared } = request.headers
  if (encoding !== 'identity') {
    const detail = 'a body is not compressed'
    return Promise.resolve({ code: 'unsupported_media_type', detail })
  }
  if (Number(declared ?? 0) > BODY_BYTES_MAX) return Promise.resolve(TOO_LARGE)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= BODY_BYTES_MAX) {
        chunks.push(chunk)
        return
      }
      request.removeAllListeners('data')
      request.pause()
      resolve(TOO_LARGE)
    })
    // A copy: no slice of it is to keep network buffers alive.
    request.once('end', () => resolve(new Uint8Array(Buffer.concat(chunks))))
    request.once('error', reject)
  })
}
