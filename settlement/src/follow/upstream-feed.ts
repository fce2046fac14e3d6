import type { IncomingMessage } from 'node:http'
import { createWebSocketStream, WebSocket } from 'ws'
import { LedgerFault } from '../ledger-fault.js'
import {
  FEED_FRAME_BYTES_MAX,
  UPSTREAM_ANSWER_MS_MAX,
  UPSTREAM_FRAMES_AHEAD,
  UPSTREAM_SILENCE_MS_MAX,
} from '../limits.js'

/**
 * The frames of an upstream's feed from a height on, as they come, until the connection ends or the
 * signal is aborted. Read no faster than they are taken: the rest waits at the upstream. Throws
 * `upstream_unreachable`, `upstream_unusable`, below the upstream's horizon `history_pruned` and, at
 * a block that is damaged there, `upstream_damaged`.
 */
export async function* upstreamFeed(
  url: string,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/feed?from=${from}`, {
    handshakeTimeout: UPSTREAM_ANSWER_MS_MAX,
    maxPayload: FEED_FRAME_BYTES_MAX,
    perMessageDeflate: false,
  })
  /** What the upstream said when it ended the feed; before the stream ends, which hides it, too. */
  let farewell = ''
  socket.on('close', (_, reason) => {
    farewell = String(reason)
  })
  const frames = createWebSocketStream(socket, {
    readableObjectMode: true,
    readableHighWaterMark: UPSTREAM_FRAMES_AHEAD,
  })
  /** What the stream fails with hides it: a socket that never opened complains about that. */
  let refusal: LedgerFault | undefined
  socket.on('unexpected-response', (request, response) => {
    refusalOf(url, response).then((fault) => {
      refusal = fault
      frames.destroy()
      request.destroy()
    })
  })
  // Who broke the protocol is not asked to say goodbye.
  socket.on('error', () => socket.terminate())
  const abort = () => frames.destroy()
  signal.addEventListener('abort', abort)
  const silence = watchSilence(socket)
  try {
    for await (const frame of frames) {
      const { buffer, byteOffset, byteLength }: Buffer = frame
      yield new Uint8Array(buffer, byteOffset, byteLength)
    }
    if (farewell.startsWith('block_damaged: ')) {
      throw new LedgerFault('upstream_damaged', `${url} ends its feed: ${farewell}`)
    }
  } catch (cause) {
    if (refusal !== undefined) throw refusal
    if (cause instanceof LedgerFault) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new LedgerFault('upstream_unreachable', `the feed of ${url} failed: ${why}`, cause)
  } finally {
    clearInterval(silence)
    signal.removeEventListener('abort', abort)
    socket.terminate()
  }
}

/** Cuts a connection that says nothing, not even a ping, while we listen. */
function watchSilence(socket: WebSocket): NodeJS.Timeout {
  let isSilent = false
  const heard = () => {
    isSilent = false
  }
  socket.on('ping', heard)
  socket.on('message', heard)
  return setInterval(() => {
    if (isSilent && !socket.isPaused) socket.terminate()
    isSilent = true
  }, UPSTREAM_SILENCE_MS_MAX)
}

/** What an upstream says instead of a feed. */
async function refusalOf(url: string, response: IncomingMessage): Promise<LedgerFault> {
  let text = ''
  try {
    for await (const chunk of response) {
      text += String(chunk)
      if (text.length > 4_096) break
    }
  } catch {
    // An answer that breaks off says as much as it did until then.
  }
  const isPruned = /"code":"pruned"/.test(text)
  const detail = `${url} gives no feed: ${response.statusCode} ${text.slice(0, 500)}`
  return new LedgerFault(isPruned ? 'history_pruned' : 'upstream_unusable', detail)
}
