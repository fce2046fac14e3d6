/*
 * L402: a 402 answer names an invoice and a token, and the preimage of the paid invoice makes the token
 * good (HTTP402-6). The token is the invoice's anchor and the seller's proof that it made the invoice for this:
 * whether it is paid, the seller's own store knows.
 */

/** Whether a header is of this scheme, whose name is written in any case (RFC 9110). */
export function isL402(authorization: string | undefined): authorization is string {
  return authorization !== undefined && /^L402 /i.test(authorization)
}

/** `WWW-Authenticate` of an answer that asks for a payment; `invoice` is a string of INVOICE-1. */
export function l402Challenge(token: string, invoice: string): string {
  return `L402 version="0", token="${token}", macaroon="${token}", invoice="${invoice}"`
}

/** The token and the invoice of a challenge; `undefined` where it is none. */
export function parseL402Challenge(
  header: string,
): { readonly token: string; readonly invoice: string } | undefined {
  if (header.length > 8_192 || !/^L402 /i.test(header)) return undefined
  const token = /[ ,](?:token|macaroon)="([0-9a-f]{128})"/.exec(header)?.[1]
  const invoice = /[ ,]invoice="([a-z0-9]{1,2400})"/.exec(header)?.[1]
  return token === undefined || invoice === undefined ? undefined : { token, invoice }
}

/** `Authorization` of a request that was paid by an invoice. */
export function l402Authorization(token: string, preimage: string): string {
  return `L402 ${token}:${preimage}`
}

/** The token and the preimage of such a header, 128 and 64 hex digits; `undefined` where it is none. */
export function parseL402Authorization(
  header: string,
): { readonly token: string; readonly preimage: string } | undefined {
  const found = /^L402 ([0-9a-f]{128}):([0-9a-f]{64})$/i.exec(header)
  const [token, preimage] = [found?.[1], found?.[2]]
  return token === undefined || preimage === undefined ? undefined : { token, preimage }
}
