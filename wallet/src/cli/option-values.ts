import type { ChainId, LockRoot } from '@tallystick/protocol'
import { InvalidArgumentError } from 'commander'

/** Of a ledger node: http or https. */
export function isLedgerUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}

/** Of a hub or a watchtower: ws or wss. */
export function isSessionUrl(text: string): boolean {
  return URL.canParse(text) && /^wss?:$/.test(new URL(text).protocol)
}

/** `undefined`: it is no chain's. */
export function chainIdOf(text: string): ChainId | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? (text as ChainId) : undefined
}

export function urlOption(text: string): string {
  if (isLedgerUrl(text)) return text
  throw new InvalidArgumentError('an address like http://127.0.0.1:7400 is due')
}

export function sessionUrlOption(text: string): string {
  if (isSessionUrl(text)) return text
  throw new InvalidArgumentError('an address like ws://127.0.0.1:7500/v1/session is due')
}

export function sessionUrlsOption(text: string, before: readonly string[] = []): string[] {
  return [...before, sessionUrlOption(text)]
}

export function secondsOption(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('seconds from 1 to 99,999 are due here')
}

/** Entries of a page. */
export function countOption(text: string): number {
  if (/^[1-9]\d?$|^100$/.test(text)) return Number(text)
  throw new InvalidArgumentError('a count from 1 to 100 is due here')
}

/** Requests of a stream. */
export function requestsOption(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('a count from 1 to 9,999,999 is due here')
}

/** Seconds between requests; none is fine. */
export function intervalOption(text: string): number {
  if (/^\d{1,5}(?:\.\d{1,3})?$/.test(text)) return Number(text)
  throw new InvalidArgumentError('seconds such as 0, 0.5 or 10 are due here')
}

export function webUrlArgument(text: string): URL {
  const url = isLedgerUrl(text) ? new URL(text) : undefined
  if (url !== undefined && url.username === '' && url.password === '') return url
  throw new InvalidArgumentError('an address like https://shop.example/article is due')
}

export function chainIdOption(text: string): ChainId {
  const chainId = chainIdOf(text)
  if (chainId !== undefined) return chainId
  throw new InvalidArgumentError('64 lower-case hex digits are due here')
}

/** The number of a channel on the ledger; any number of them. */
export function channelsOption(text: string, before: readonly number[] = []): number[] {
  return [...before, channelOption(text)]
}

export function channelOption(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('the number of a channel is due here')
}

/** The root of a lock on the ledger. */
export function lockOption(text: string): LockRoot {
  if (/^[0-9a-f]{64}$/.test(text)) return text as LockRoot
  throw new InvalidArgumentError('the root of a lock is due: 64 lower-case hex digits')
}

/** A time as people say it, `90`, `15m`, `2h`, `7d`: seconds. */
export function durationOption(text: string): number {
  const [, count = '', unit = 's'] = /^([1-9]\d{0,6})([smhd])?$/.exec(text) ?? []
  const seconds = Number(count) * (SECONDS[unit] ?? 0)
  if (seconds > 0 && seconds <= DURATION_MAX) return seconds
  throw new InvalidArgumentError(
    'a time such as 90 (seconds), 15m, 2h or 7d is due, a year at most',
  )
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }
const DURATION_MAX = 366 * 86_400
