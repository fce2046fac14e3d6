import { isIP } from 'node:net'
import { isPublicAddress } from './public-address.js'

const URL_CHARACTERS_MAX = 2_048

/** Why events may not be sent to an address, in a sentence; `undefined`: they may (HOOK-3). */
export function refusedUrl(text: string, allowPrivate: boolean): string | undefined {
  if (text.length > URL_CHARACTERS_MAX) {
    return `an address of at most ${URL_CHARACTERS_MAX} characters is due`
  }
  if (!URL.canParse(text)) return 'an https address is due'
  const { protocol, username, password, hostname, hash } = new URL(text)
  if (protocol !== 'https:' && !(allowPrivate && protocol === 'http:')) return 'https is due'
  if (username !== '' || password !== '' || hash !== '') {
    return 'an address without user, password and fragment is due'
  }
  const host = bareHost(hostname)
  if (!allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) {
    return 'an address of the public internet is due'
  }
  return undefined
}

/** A host without the brackets that a URL has around IPv6 addresses. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}
