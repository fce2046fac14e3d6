/** What is wrong with a stored ledger, a sentence each; at most `DAMAGES_MAX`. */
export type Damages = readonly string[]
