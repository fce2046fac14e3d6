/**
 * Every bound of the ledger in one place. They are consensus rules (LIM-*): a change is a new
 * protocol version.
 */

/** Whole transaction with witnesses, bytes: about 2,700 cooperative closes. */
export const TRANSACTION_BYTES_MAX = 262_144
export const INPUTS_MAX = 1_024
export const OUTPUTS_MAX = 1_024
export const OPERATIONS_MAX = 1_024
export const CLOSES_MAX = 4_096
export const WITHDRAWALS_MAX = 4_096
export const REVEALS_MAX = 256
export const SIGNERS_MAX = 1_024
export const MEMO_BYTES_MAX = 256

/** Conditions that one lock alternative may list, keys in one `multi`, alternatives of one lock. */
export const CONDITIONS_MAX = 8
export const MULTI_KEYS_MAX = 16
export const ALTERNATIVES_MAX = 256
/** The longest wait that `older` may ask for, seconds: 136 years. */
export const LOCK_SECONDS_MAX = 2 ** 32 - 1

/** Pending items of one lane: two full lanes force-close in under 10 kB. */
export const LANE_ITEMS_MAX = 64
/** Ticks of one item, and so the longest hash chain: 65,536 steps take about 30 ms to check. */
export const ITEM_TICKS_MAX = 65_536
/** Leaves under one batch signature; a path has at most 16 hashes. */
export const BATCH_LEAVES_MAX = 65_536

/** Total cost of a block (see cost.ts); 10,000 cooperative closes fit. */
export const BLOCK_COST_MAX = 4_000_000
export const BLOCK_TRANSACTIONS_MAX = 16_384

/** Ledger time lies at most this far ahead of a validator's own clock, seconds (TIME-2). */
export const CLOCK_DRIFT_SECONDS_MAX = 5

export const VALIDATORS_MAX = 64
/** Fee rates that parameters may list. */
export const FEE_RATES_MAX = 64
/** Blocks from one that schedules new parameters to the first under them, at least (PAR-3). */
export const ACTIVATION_LEAD_BLOCKS_MIN = 10
/** Assets that a genesis may list. */
export const GENESIS_ASSETS_MAX = 256
/** Assets in all: so many that nobody can pay for using the numbers up (see `ASSET_COST`). */
export const ASSETS_MAX = 2 ** 32
export const ALLOCATIONS_MAX = 65_536
export const COUNTER_MAX = 2 ** 48
