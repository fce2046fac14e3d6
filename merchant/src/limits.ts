/** Bytes of a request's body. */
export const BODY_BYTES_MAX = 65_536
/** Connections at a time. */
export const CONNECTIONS_MAX = 1_024
/** Milliseconds in which a request must have come. */
export const REQUEST_MS_MAX = 10_000
/** Items of a page of a list, unless fewer are asked for. */
export const PAGE_ITEMS_MAX = 100
/** Bytes of a description, in UTF-8, as the wallet takes them. */
export const DESCRIPTION_BYTES_MAX = 1_024
/** Pairs of an object's metadata, and the length of a value, characters. */
export const METADATA_PAIRS_MAX = 20
export const METADATA_VALUE_MAX = 500
/** Length of an invoice string, characters. */
export const INVOICE_CHARACTERS_MAX = 4_096
/** Seconds that an invoice may stand: a year. */
export const INVOICE_SECONDS_MAX = 31_536_000
/** Milliseconds that a request waits for the hub before it is told that there is none. */
export const HUB_MS_MAX = 15_000
/** Milliseconds that a new payment is waited for; one that takes longer is answered as pending. */
export const PAYMENT_MS_MAX = 10_000
/** Seconds that a look at the feed of events may wait for news. */
export const WAIT_SECONDS_MAX = 30
/** Looks at the feed that wait at a time. */
export const WAITING_MAX = 256
/** Milliseconds that requests under way may take when the server stops. */
export const STOP_MS_MAX = 2_000
/** Milliseconds that a receiver of events has for its answer. */
export const WEBHOOK_MS_MAX = 10_000
/** Deliveries to one receiver at a time. */
export const DELIVERIES_AT_ONCE = 4
/** Receivers that events are sent to, of all accounts. */
export const ENDPOINTS_MAX = 100
/** Seconds that deliveries that are over are kept for the log: 30 days. */
export const DELIVERY_LOG_SECONDS = 2_592_000
/** Blocks in which nothing is ours, after which the height that was followed is noted. */
export const FOLLOWED_BLOCKS_MAX = 256
/** Looks at books, wallet and ledger before a difference between them is believed, and milliseconds between them. */
export const BOOK_LOOKS_MAX = 8
export const BOOK_LOOK_MS = 250
