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
  const client = nearestFirst[trustedProxies] ?? peer
  return addressPrefix(isAddress(client) ? client : peer)
}
