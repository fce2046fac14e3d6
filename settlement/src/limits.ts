import { BLOCK_COST_MAX, TRANSACTION_BYTES_MAX } from '@tallystick/protocol'

/**
 * Bounds of this node, in one place. None is a rule of the ledger: two nodes with other numbers
 * still agree on every block.
 */

/** Transactions that wait for a block: two full blocks of small ones. */
export const MEMPOOL_TRANSACTIONS_MAX = 20_000
/** Their bytes. */
export const MEMPOOL_BYTES_MAX = 64 * 1_048_576
/** Their cost: twenty-five full blocks. */
export const MEMPOOL_COST_MAX = 25 * BLOCK_COST_MAX
/** What one that waits may build on, and what may build on it; with what it builds on, its cost. */
export const ANCESTORS_MAX = 24
export const DESCENDANTS_MAX = 64
export const PACKAGE_COST_MAX = 1_000_000
/** Those that wait and change one entry of the state, and all that a newcomer is held against. */
export const ENTRY_WRITERS_MAX = 16
export const CONTENDERS_MAX = 256
/** How long one waits, by this node's clock, milliseconds: fourteen days. */
export const PENDING_AGE_MS_MAX = 14 * 86_400_000
/** Rejections of transactions that were once taken, remembered for those who ask, at most so long. */
export const REJECTIONS_MAX = 20_000
export const REJECTION_MEMORY_MS = 600_000

/** Transactions of one block, bytes: clients take frames of 16 MiB and answers of 32 MiB in hex. */
export const BLOCK_BYTES_MAX = 8 * 1_048_576

/**
 * Hash-chain steps of one turn of the event loop, 5 ms: a transaction may ask for four million of
 * them (2.4 s) before anything shows whether it can pay, and nobody else is to notice.
 */
export const HASH_STEPS_PER_TURN = 8_192
/** Submissions whose hash chains are being followed, the shortest first. */
export const HASHING_QUEUE_MAX = 256

/**
 * Work on submissions that were refused, and so paid nothing, milliseconds of this process: what an
 * address may cause at once, and per second ever after (a tenth of a core).
 */
export const REFUSED_WORK_MS_MAX = 5_000
export const REFUSED_WORK_MS_PER_SECOND = 100
/** Addresses remembered for that. */
export const REFUSED_ADDRESSES_MAX = 10_000

/** A submitted transaction in hex inside a JSON object, bytes. */
export const BODY_BYTES_MAX = 2 * TRANSACTION_BYTES_MAX + 1_024
/** Items of one page of a list, and how many a request without a limit gets. */
export const PAGE_ITEMS_MAX = 100
/** Bytes of blocks in one page, and of one read for a feed's backlog; one block always fits. */
export const PAGE_BYTES_MAX = 1_048_576

/** Connections to the API, the feeds among them, and requests that are under way. */
export const CONNECTIONS_MAX = 4_096
/** Of one address at a time, of either; half as many feeds. An operator may choose another number. */
export const CONNECTIONS_PER_ADDRESS = 256
/** What waits for its turn on one connection before it is cut off: clients ask one by one. */
export const PIPELINED_MAX = 32
/**
 * Bytes that wait in memory for the network: bodies of requests, answers, and blocks from disk for
 * followers. Of one address at a time: the largest block in hex, and one more.
 */
export const HELD_BYTES_MAX = 128 * 1_048_576
export const HELD_BYTES_PER_ADDRESS_MAX = 40 * 1_048_576
/** Of what is not counted there: no more of it waits than there are requests and feeds. */
export const SMALL_BYTES_MAX = 16_384
/** How fast an answer, or what waits for a follower, has to be read. */
export const ANSWER_PACE = { graceMs: 30_000, bytesPerSecondMin: 16_384 } as const
/** Until a request has arrived whole, milliseconds. */
export const REQUEST_MS_MAX = 30_000
/** A connection on which nothing moves, in either direction, milliseconds. */
export const IDLE_MS_MAX = 30_000

/** Until a connection that was refused, or told goodbye, has to be gone, milliseconds. */
export const GOODBYE_MS_MAX = 2_000

/** Followers of the feed, in all. */
export const FEEDS_MAX = 1_024
/** Bytes that wait in memory for one follower before the next frame is held back. */
export const FEED_WINDOW_BYTES = 1_048_576
/** A follower that answers no ping for so long, or takes no byte, is cut off, milliseconds. */
export const FEED_LIVENESS_MS = 20_000
/** The newest frames, kept in memory for all followers together, and their bytes. */
export const FEED_RECENT_FRAMES = 64
export const FEED_RECENT_BYTES = 4 * 1_048_576

/** Rows of one SQL statement; seven columns each stay far below SQLite's 32,766 variables. */
export const STATEMENT_ROWS_MAX = 1_000
/** Rows that are read at a time when the state is loaded. */
export const LOAD_ROWS = 20_000

/** The same where a node is at work meanwhile: a few milliseconds. */
export const ROWS_BESIDE_WORK = 500
/** Transactions that are held against their index at a time. */
export const INDEX_CHECK_TRANSACTIONS = 64

/** Blocks by which a follower that calls itself ready may be behind its upstream. */
export const READY_LAG_BLOCKS_MAX = 8
/** What one answer of an upstream may take, milliseconds, and hold: a page of blocks in hex. */
export const UPSTREAM_ANSWER_MS_MAX = 20_000
export const UPSTREAM_ANSWER_BYTES_MAX = 64 * 1_048_576
/**
 * What keeps us waiting is cut off: the answer of an upstream, a file of an archive. 16 KiB a second
 * is a hundredth of what a follower needs at the pace of a busy ledger.
 */
export const UPSTREAM_PACE = { silenceMs: 20_000, bytesPerSecondMin: 16_384 } as const
/** What it says to a submission: its id, or problem details. */
export const UPSTREAM_WORD_BYTES_MAX = 65_536
/** A frame of a feed: no node that we know makes blocks of more (`BLOCK_BYTES_MAX`). */
export const FEED_FRAME_BYTES_MAX = 16 * 1_048_576
/** Frames that wait to be read, and blocks whose signatures are checked before they are due. */
export const UPSTREAM_FRAMES_AHEAD = 2
export const BLOCKS_AHEAD = 3
/** A feed that said nothing for up to twice as long is cut; upstreams ping every 20 s. */
export const UPSTREAM_SILENCE_MS_MAX = 30_000
/** Between two connections to an upstream that is away, milliseconds: doubled each time. */
export const UPSTREAM_RETRY_MS_FIRST = 250
export const UPSTREAM_RETRY_MS_MAX = 30_000
/** Submissions on their way to the upstream at a time. */
export const FORWARDS_MAX = 64

/**
 * Blocks that are removed in one change of the store when it is pruned, and their bytes (one always
 * fits): it takes 20 ms, and one step is what a block of a node that runs may have to wait for.
 */
export const PRUNE_BLOCKS = 256
export const PRUNE_BYTES = 262_144
/** Blocks that go for each that comes where more are due, whatever their size. */
export const PRUNE_BLOCKS_MIN = 2
/** The newest blocks that are looked at when a node starts. */
export const START_CHECK_BLOCKS = 64
/** Damages that `ledger verify` lists before it stops looking. */
export const DAMAGES_MAX = 100

/** A record of an archive or a snapshot: a block, or a page of entries. */
export const RECORD_BYTES_MAX = 16 * 1_048_576
/** Keys and values of one page of a snapshot, after which the next begins, and its entries. */
export const SNAPSHOT_PAGE_BYTES = 1_048_576
export const SNAPSHOT_PAGE_ENTRIES_MAX = 20_000
/** Blocks of a full file of an archive, and between two of its checkpoints. */
export const ARCHIVE_BLOCKS_PER_FILE = 1_024
export const ARCHIVE_CHECKPOINT_BLOCKS = 65_536
/** The index of an archive, bytes. */
export const ARCHIVE_INDEX_BYTES_MAX = 4 * 1_048_576
