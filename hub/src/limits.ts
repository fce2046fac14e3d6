/** Every bound of the hub's shells in one place; those of the protocol are in @tallystick/protocol. */

/** Connections in all, and from one address. */
export const SESSIONS_MAX = 12_000
export const SESSIONS_PER_ADDRESS_MAX = 11_000
/** Connections that have not yet proved who they are; from one address, an eighth of them. */
export const HANDSHAKES_MAX = 1_024
export const HANDSHAKES_PER_ADDRESS_MAX = 128
/** Milliseconds in which a client must answer the challenge. */
export const HANDSHAKE_MS = 10_000
/** Events of one session that wait for their batch; beyond it the socket is not read. */
export const SESSION_EVENTS_MAX = 64
/** Bytes that a session may leave unread before it is cut off: 64 of the largest messages. */
export const SESSION_BUFFER_BYTES_MAX = 4 * 1_048_576
/** Channels in use that one session may have attached at a time. */
export const SESSION_CHANNELS_MAX = 64
/** Milliseconds between pings; a session that answers none in between is dead. */
export const PING_MS = 20_000
/** Requests for openings and deposits that wait for the closer. */
export const REQUESTS_MAX = 10_000
/** Requests of one client among them; a wallet asks for one at a time. */
export const REQUESTS_PER_CLIENT_MAX = 16
/** Requests for backups that one client may make at once, and milliseconds until the next one more. */
export const BACKUP_BURST = 10
export const BACKUP_REFILL_MS = 1_000
/** Requests for backups under way at a time, of a megabyte each at the most. */
export const BACKUP_REQUESTS_MAX = 64
/** Backups that one transaction takes. */
export const BACKUP_BATCH_MAX = 16
/** Backups beyond which those of clients without a channel are dropped. */
export const BACKUPS_UNOWNED_MAX = 1_024
