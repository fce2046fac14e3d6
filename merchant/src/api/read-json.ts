import type { IncomingMessage } from 'node:http'
import { BODY_BYTES_MAX } from '../limits.js'
import { problem, RequestRefused } from './problem.js'
import { repeatedField } from './repeated-field.js'

/**
 * The body of a request as JSON, bounded before it is read. A name such as `__proto__` is refused, and one that an object
 * has twice: what reads it next may take it for something else. Throws `RequestRefused`.
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const { 'content-encoding': encoding = 'identity', 'content-type': type = '' } = request.headers
  if (encoding !== 'identity' || !/^application\/json\s*(;|$)/i.test(type)) {
    const detail = 'a body is plain application/json'
    throw new RequestRefused(problem({ code: 'unsupported_media_type', detail }))
  }
  const bytes = await readBytes(request)
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const body: unknown = JSON.parse(text, refuseProto)
    refuseRepeated(text)
    return body
  } catch (error) {
    if (error instanceof RequestRefused) throw error
    const detail = 'the body is no JSON of well-formed UTF-8'
    throw new RequestRefused(problem({ code: 'bad_request', detail }))
  }
}

function refuseRepeated(text: string): void {
  const name = repeatedField(text)
  if (name === undefined) return
  const detail = `the field ${JSON.stringify(name.slice(0, 40))} is there twice: say it once`
  throw new RequestRefused(problem({ code: 'field_repeated', detail }))
}

function refuseProto(name: string, value: unknown): unknown {
  if (name !== '__proto__') return value
  const detail = 'the name __proto__ is not taken'
  throw new RequestRefused(problem({ code: 'bad_request', detail }))
}

function readBytes(request: IncomingMessage): Promise<Uint8Array> {
  const tooLarge = () => {
    const detail = `a body has at most ${BODY_BYTES_MAX} bytes`
    return new RequestRefused(problem({ code: 'body_too_large', detail }))
  }
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) throw tooLarge()
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= BODY_BYTES_MAX) return void chunks.push(chunk)
      request.removeAllListeners('data')
      request.pause()
      return reject(tooLarge())
    })
    request.once('end', () => resolve(Buffer.concat(chunks)))
    request.once('error', reject)
  })
}
