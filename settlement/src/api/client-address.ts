import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { addressPrefix } from '@tallystick/protocol'

/**
 * Whom a request counts as, in every bound per address: the address that the connection comes from, or
 * behind `trustedProxies` proxies the one that the first of them saw. Each proxy has to append whom it
 * serves to `x-forwarded-for`; what is before that anybody can write there.
 */
export function clientAddress(request: IncomingMessage, trustedProxies: number): string {
  const peer = request.socket.remoteAddress ?? 'unknown'
  const forwarded = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',')
  const nearestFirst = [peer, ...forwarded.map((text) => text.trim()).reverse()]
  const client = nearestFirst[trustedProxies] ?? peer
  return addressPrefix(isIP(client) === 0 ? peer : client)
}
