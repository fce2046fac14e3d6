import type { Hello, Transcript } from '@tallystick/protocol'

/** WebSocket close codes (RFC 6455 §7.4.1). */
export const CLOSE = { normal: 1000, goingAway: 1001, policy: 1008 } as const

/** How far a connection has come. */
export type SessionState =
  | { readonly phase: 'challenged'; readonly hello: Hello }
  | { readonly phase: 'proven'; readonly transcript: Transcript }
  | { readonly phase: 'over' }
