/** What a wallet process is asked to do, one line of JSON each; every one may be asked again. */
export type WalletRequest =
  /** Opens a channel of its own coins, and has the hub open one; amounts in base units. */
  | { readonly kind: 'setUp'; readonly deposit: string; readonly inbound: string }
  | { readonly kind: 'invoice'; readonly value: string }
  | { readonly kind: 'pay'; readonly text: string; readonly key: string }
  /** Waits until an invoice is paid. */
  | { readonly kind: 'paid'; readonly anchor: string }
  | { readonly kind: 'payment'; readonly key: string }
  | { readonly kind: 'books' }
  | { readonly kind: 'closeAll' }

export type Asked = { readonly id: number; readonly request: WalletRequest }

/** What it says: an answer, or something that it noticed. */
export type WalletLine =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'problem'; readonly code: string; readonly detail: string }

/** Amounts are decimal base units. */
export type Answer = { readonly [name: string]: string | number }
