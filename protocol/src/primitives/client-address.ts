import { addressPrefix, isAddress } from './address-prefix.js'

/**
 * Whom a request counts as, in every bound per address: the address that the connection comes from, or
 * behind `trustedProxies` proxies the one that the first of them saw. Each proxy has to append whom it
 * serves to `x-forwarded-for`; what is before that anybody can write there.
 */
export function clientAddress(
  {
    peer = 'unknown',
    forwardedFor = [],
  }: {
    /** Where the connection comes from, as the socket says. */
    readonly peer: string | undefined
    /** The header `x-forwarded-for`, once or several times. */
    readonly forwardedFor: string | readonly string[] | undefined
  },
  trustedProxies: number,
): string {
  const forwarded = [forwardedFor].flat().join(',').split(',')
  const nearestFirst = [peer, ...forwarded.map((text) => text.trim()).reverse()]
  const client = withoutPort(nearestFirst[trustedProxies] ?? peer)
  return addressPrefix(isAddress(client) ? client : peer)
}

/** Some proxies append the port as well, and put an IPv6 address into brackets then (RFC 7239). */
function withoutPort(text: string): string {
  const [, inBrackets, dotted] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?$/.exec(text) ?? []
  return inBrackets ?? dotted ?? text
}
