/** Format of what a wallet stores, wherever it does; one of another is refused by name. */
export const STORE_VERSION = 7
