import type { OpenSocket } from './open-socket.js'

/** 1003 and 1009 of RFC 6455: a peer that sends text, or too much, is not ours. */
const UNSUPPORTED_DATA = 1003
const MESSAGE_TOO_BIG = 1009

/** The platform's own `WebSocket`, as browsers have it. */
export const openWebSocket: OpenSocket = (url, handlers, options) => {
  const socket = new WebSocket(url)
  socket.binaryType = 'arraybuffer'
  let leaving = false
  const leave = (code?: number) => {
    leaving = true
    // Browsers let a page name 1000 and 3000 to 4999 only.
    socket.close(code === undefined ? 1000 : 3000 + code)
  }
  socket.onopen = () => {
    if (!leaving) handlers.onOpen()
  }
  socket.onmessage = ({ data }) => {
    if (leaving) return
    if (!(data instanceof ArrayBuffer)) return leave(UNSUPPORTED_DATA)
    // The browser has buffered the message already; the bound keeps it from going further.
    if (data.byteLength > (options?.maxPayload ?? Number.POSITIVE_INFINITY)) {
      return leave(MESSAGE_TOO_BIG)
    }
    handlers.onMessage(new Uint8Array(data))
  }
  socket.onclose = ({ code, reason }) => handlers.onClose({ code, text: reason })
  return {
    send: (bytes) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes as Uint8Array<ArrayBuffer>)
    },
    close: () => leave(),
    get bufferedAmount() {
      return socket.bufferedAmount
    },
  }
}
