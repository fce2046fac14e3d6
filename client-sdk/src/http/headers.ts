/** The header in which ticks come (HTTP402-2). */
export const TICKS = 'tally-ticks'
/** Beside it, the price that they are given for: at another one they are not taken (HTTP402-2). */
export const PRICE = 'tally-price'
/** The one that says what became of them (HTTP402-4). */
export const RECEIPT = 'tally-receipt'
/** The one that shows to who does not know it which ticks the seller holds (HTTP402-5). */
export const POSITION = 'tally-position'
