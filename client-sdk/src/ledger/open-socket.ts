/** A connection that carries binary messages, open or about to be. */
export type Socket = {
  /**
   * Queues one message; it never blocks. Before the connection is open and after it is closed the
   * message is lost: whoever needs it there sends it again on the next connection.
   */
  send(bytes: Uint8Array): void
  /** Starts to close: no message arrives any more, `onClose` follows once. Twice does nothing. */
  close(): void
  /** Bytes queued and not yet handed to the network: the caller's measure for back-pressure. */
  readonly bufferedAmount: number
}

/** What a socket tells its owner, one call at a time, nothing after `onClose`. */
export type SocketHandlers = {
  /** Called once, before any message. */
  onOpen(): void
  /** One message, in the order sent. The bytes belong to the receiver. */
  onMessage(bytes: Uint8Array): void
  /** Called exactly once, also when the connection never opened. `text` is for a log. */
  onClose(reason: SocketClosed): void
}
export type SocketClosed = { readonly code: number; readonly text: string }

/** How a connection ended, in words: most end without any of their own. */
export function closedBecause({ code, text }: SocketClosed): string {
  return text === '' ? `the connection was closed with code ${code}` : text
}

/** Bounds of one connection. */
export type SocketOptions = {
  /** Largest message taken, bytes; a larger one closes the connection. */
  readonly maxPayload?: number
}

/**
 * The port to a WebSocket. It may drop the connection at any time; it never reorders or repeats
 * messages within one. It returns at once, before any handler is called; failures arrive at
 * `onClose`, and only a `url` that is none makes it throw.
 */
export type OpenSocket = (url: string, handlers: SocketHandlers, options?: SocketOptions) => Socket
