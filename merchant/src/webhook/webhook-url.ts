import { isIP } from 'node:net'
import { isPublicAddress } from './public-address.js'

const URL_CHARACTERS_MAX = 2_048

/** Names under which nothing of the public internet is: RFC 6761, RFC 6762, RFC 8375 and what ICANN keeps free. */
const PRIVATE_NAMES = ['localhost', 'localdomain', 'local', 'internal', 'home.arpa']

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
  if (!allowPrivate && !(isIP(host) === 0 ? isPublicName(host) : isPublicAddress(host))) {
    return 'an address of the public internet is due'
  }
  return undefined
}

/** Whether a name can be one of the public internet; what it stands for is looked at whenever it is connected to. */
function isPublicName(host: string): boolean {
  const name = host.replace(/\.+$/, '')
  return name.includes('.') && !PRIVATE_NAMES.some((one) => `.${name}`.endsWith(`.${one}`))
}

/** A host without the brackets that a URL has around IPv6 addresses. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1')
}
