/** What a wallet process is asked to do, one line of JSON each; every one may be asked again. */
export type WalletRequest =
  /** Has had `ever` channels that this side funded: opens, or has the hub open, what is missing. */
  | {
      readonly kind: 'open'
      readonly funder: Funder
      /** Base units. */
      readonly amount: string
      readonly ever: number
    }
  /** How many channels a side ever funded, and which of those in use holds the least. */
  | { readonly kind: 'channels'; readonly funder: Funder }
  | { readonly kind: 'close'; readonly id: string }
  | { readonly kind: 'invoice'; readonly value: string }
  | { readonly kind: 'pay'; readonly text: string; readonly key: string }
  /** Waits until an invoice is paid. */
  | { readonly kind: 'paid'; readonly anchor: string }
  /** What became of payments and invoices, in their order. */
  | {
      readonly kind: 'look'
      readonly payments: readonly string[]
      readonly invoices: readonly string[]
    }
  /** Once the watchtower has the newest of every channel. */
  | { readonly kind: 'books' }
  /** Up to which version of the hub's lanes the watchtower has vouched, by channel. */
  | { readonly kind: 'guards' }
  | { readonly kind: 'closeAll' }

export type Funder = 'wallet' | 'hub'

export type Asked = { readonly id: number; readonly request: WalletRequest }

/** What it says: that its store is open, an answer, or something that it noticed. */
export type WalletLine =
  | { readonly kind: 'opened' }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'problem'; readonly code: string; readonly detail: string }

/** Amounts are decimal base units. */
export type Answer = { readonly [name: string]: string | number | readonly string[] }
