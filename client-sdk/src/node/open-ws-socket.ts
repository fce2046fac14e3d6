import { WebSocket } from 'ws'
import type { OpenSocket } from '../ledger/open-socket.js'

/** Bytes of one message unless the caller bounds it lower: the largest block four times over. */
const PAYLOAD_BYTES_MAX = 16_777_216
/** Milliseconds for a server to take up a connection. */
const HANDSHAKE_MS_MAX = 10_000
/** 1003 of RFC 6455: a peer that sends text is not ours. */
const UNSUPPORTED_DATA = 1003

/** WebSocket connections of Node. No compression: it costs memory for every connection. */
export const openWsSocket: OpenSocket = (url, handlers, options) => {
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    maxPayload: options?.maxPayload ?? PAYLOAD_BYTES_MAX,
    handshakeTimeout: HANDSHAKE_MS_MAX,
  })
  let leaving = false
  let failure = ''
  socket.on('open', () => {
    if (!leaving) handlers.onOpen()
  })
  socket.on('message', (data: Uint8Array, isBinary) => {
    if (leaving) return
    // A copy: a Buffer may be a view into memory that is used again.
    if (isBinary) return handlers.onMessage(new Uint8Array(data))
    leaving = true
    socket.close(UNSUPPORTED_DATA)
  })
  socket.on('error', ({ message }) => {
    failure = message
    // Who broke the protocol is not asked to say goodbye.
    socket.terminate()
  })
  socket.on('close', (code, reason) => {
    handlers.onClose({ code, text: reason.toString() || failure })
  })
  return {
    send: (bytes) => {
      // The callback takes the error of a connection that is just closing; `onClose` follows.
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes, () => {})
    },
    close: () => {
      leaving = true
      socket.close()
    },
    get bufferedAmount() {
      return socket.bufferedAmount
    },
  }
}
