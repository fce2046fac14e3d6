import { LANE_ITEMS_MAX } from '@tallystick/protocol'

/** Every bound of the hub's shells in one place; those of the protocol are in @tallystick/protocol. */

/** Connections in all, and from one address. */
export const SESSIONS_MAX = 12_000
export const SESSIONS_PER_ADDRESS_MAX = 11_000
/** Milliseconds after which one without a channel gives way to whoever has as many: a wallet that waits for its first. */
export const SESSION_GRACE_MS = 60_000
/** Connections that have not yet proved who they are; from one address, an eighth of them. */
export const HANDSHAKES_MAX = 1_024
export const HANDSHAKES_PER_ADDRESS_MAX = 128
/** Milliseconds after which one of them gives way to whoever has as many: some round trips of a slow network. */
export const HANDSHAKE_GRACE_MS = 2_000
/** Milliseconds in which a client must answer the challenge. */
export const HANDSHAKE_MS = 10_000
/** Connections that are no session (yet), in all and from one address. */
export const PLAIN_CONNECTIONS_MAX = 2_048
export const PLAIN_CONNECTIONS_PER_ADDRESS_MAX = 256
/** Milliseconds after which one gives way to whoever has as many: more than the slowest backup takes. */
export const PLAIN_GRACE_MS = 60_000
/**
 * Events of one session that wait for their batch, and bytes of their frames: beyond it the socket is
 * not read. As many as a frame has, so that one busy client alone keeps batches full.
 */
export const SESSION_EVENTS_MAX = 256
export const SESSION_EVENTS_BYTES_MAX = 1_048_576
/** The same of all sessions together: some 30 full batches; decoded they take ten times the bytes at most. */
export const EVENTS_MAX = 16_384
export const EVENTS_BYTES_MAX = 32 * 1_048_576
/** Bytes that a session may leave unread before it is cut off: 64 of the largest messages. */
export const SESSION_BUFFER_BYTES_MAX = 4 * 1_048_576
/** Sessions that may leave more than so many bytes unread at a time. */
export const SLOW_READERS_MAX = 64
export const SLOW_BUFFER_BYTES_MIN = 65_536
/** Pieces in which a frame may arrive, and frames of which a message may be made. */
export const FRAME_CHUNKS_MAX = 256
export const FRAME_FRAGMENTS_MAX = 16
/** Pings and pongs of one session from one ping of the hub to the next; an honest client says one. */
export const CONTROL_FRAMES_MAX = 32
/** Channels in use that one session may have attached at a time. */
export const SESSION_CHANNELS_MAX = 64
/** Milliseconds that a client has to hang up, once it was told that its session is over. */
export const CLOSE_MS = 2_000
/** Milliseconds between pings; a session that answers none in between is dead. */
export const PING_MS = 20_000
/** Requests for openings and deposits that wait for the closer. */
export const REQUESTS_MAX = 10_000
/** Requests of one client among them; a wallet asks for one at a time. */
export const REQUESTS_PER_CLIENT_MAX = 16
/** Keys of one kind whose rate is remembered. */
export const RATE_KEYS_MAX = 65_536
/** Connections from one address: all that it may have come back at once, as after a restart. */
export const CONNECT_RATE = { burst: SESSIONS_PER_ADDRESS_MAX, refillMs: 5 }
/** Connections that one counts for which had to be ended for what it said (`too_many_errors`). */
export const ENDED_SESSION_CONNECTS = 64
/** Frames of a session that come behind its end; after that its client is not waited for. */
export const LATE_FRAMES_MAX = 32
/** Attaches of one client: all of its channels, four times over. */
export const ATTACH_RATE = { burst: 4 * SESSION_CHANNELS_MAX, refillMs: 100 }
/** Things said by one client that are refused or change nothing: once for each item that its channels can hold. */
export const REFUSAL_RATE = { burst: LANE_ITEMS_MAX * SESSION_CHANNELS_MAX, refillMs: 62 }
/** Requests for openings and deposits of one client. */
export const REQUEST_RATE = { burst: REQUESTS_PER_CLIENT_MAX, refillMs: 1_000 }
/** Times that one channel is misused: it is not attached again before that is forgotten. */
export const MISUSE_RATE = { burst: 1, refillMs: 10_000 }
/** What a session without a channel is told to be wrong; a wallet asks once for each channel that it has. */
export const STRANGE_WORDS_MAX = 4 * SESSION_CHANNELS_MAX
/** Requests for backups of one client. */
export const BACKUP_RATE = { burst: 10, refillMs: 1_000 }
/** Requests for backups under way at a time, of a megabyte each at the most. */
export const BACKUP_REQUESTS_MAX = 64
/** What clients complain of that the operator is told, of all together. */
export const COMPLAINT_RATE = { burst: 64, refillMs: 1_000 }
/** Backups that one transaction takes. */
export const BACKUP_BATCH_MAX = 16
/** Backups beyond which those of clients without a channel are dropped. */
export const BACKUPS_UNOWNED_MAX = 1_024
/** Letters that wait in one box, and their bytes. */
export const MAILBOX_LETTERS_MAX = 64
export const MAILBOX_BYTES_MAX = 262_144
/** Letters of one sender that wait: in one box, so that it takes four to fill it, and in all. */
export const LETTERS_OF_SENDER_IN_BOX_MAX = 16
export const LETTERS_OF_SENDER_MAX = 64
/** Letters that wait in all, and their bytes. */
export const LETTERS_MAX = 131_072
export const MAIL_BYTES_MAX = 256 * 1_048_576
/** Changes of mailboxes that one transaction takes. */
export const MAIL_BATCH_MAX = 256
/** Seconds of ledger time between two looks for letters that have expired. */
export const MAIL_SWEEP_SECONDS = 60
/** Letters of one client. */
export const LETTER_RATE = { burst: 64, refillMs: 250 }
