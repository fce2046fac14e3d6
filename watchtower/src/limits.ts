/** Every bound of a tower's shells in one place; those of the protocol are in @tallystick/protocol. */

/** Connections in all, and of one address prefix. */
export const CONNECTIONS_MAX = 4_096
export const CONNECTIONS_PER_ADDRESS_MAX = 256
/** Requests of one connection that wait for their answer; beyond it the socket is not read. */
export const CONNECTION_REQUESTS_MAX = 16
/** Bytes that a connection may leave unread before it is cut off: 32 of the largest messages. */
export const CONNECTION_BUFFER_BYTES_MAX = 32 * 12_288
/** Until an owner has proved itself by a request that is taken, milliseconds. */
export const PROOF_MS_MAX = 30_000
/** Until an HTTP request has arrived whole, milliseconds. */
export const REQUEST_MS_MAX = 10_000
/** Milliseconds between pings; a connection that answers none in between is dead. */
export const PING_MS = 20_000

/** Requests that an address may make at once, and per second ever after. */
export const REQUESTS_BURST = 2_000
export const REQUESTS_PER_SECOND = 200
/** What a refused request counts as: it may have cost five signature checks and one on the ledger. */
export const REFUSED_REQUEST_PRICE = 20
/** Addresses remembered for that. */
export const REQUEST_ADDRESSES_MAX = 10_000

/** Channels that are asked for from the ledger for new appointments, at a time, and that wait. */
export const LOOKUPS_PARALLEL = 16
export const LOOKUPS_WAITING_MAX = 512
/** Until the ledger has answered for one, milliseconds. */
export const LOOKUP_MS_MAX = 5_000
/** Requests that one commit takes at most. */
export const BATCH_REQUESTS_MAX = 256

/** Channels that are looked at, and transactions that are handed in, at a time. */
export const LOOKS_PARALLEL = 32
export const SUBMITS_PARALLEL = 8
/** Until the ledger has answered, milliseconds: one that hangs holds up one place for so long. */
export const LOOK_MS_MAX = 5_000
export const SUBMIT_MS_MAX = 10_000
/** Milliseconds that challenges wait for others to share a transaction with. */
export const GATHER_MS = 20
/** Blocks between two looks at what may have run out, or may be decided by an expiry. */
export const SWEEP_BLOCKS = 64
/** Blocks after which what the ledger does not show yet is done again. */
export const RESEND_BLOCKS = 3
/** Challenges that share one transaction the first time: below a package's cost of the pool (MEM-4). */
export const BATCH_CHALLENGES_MAX = 64
export const BATCH_COST_MAX = 200_000
export const BATCH_BYTES_MAX = 131_072
/** Coins that a tower splits its funds into, so that many transactions wait side by side. */
export const COINS_TARGET = 16
/** Transactions of ours that may wait for each other in a row: below the pool's bound (MEM-4). */
export const CHAIN_MAX = 20
