import type { ChainId } from '@tallystick/protocol'
import { InvalidArgumentError } from 'commander'

/** Of a ledger node: http or https. */
export function urlOption(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text
  throw new InvalidArgumentError('an address like http://127.0.0.1:7400 is due')
}

/** Of a hub or a watchtower: ws or wss. */
export function sessionUrlOption(text: string): string {
  if (URL.canParse(text) && /^wss?:$/.test(new URL(text).protocol)) return text
  throw new InvalidArgumentError('an address like ws://127.0.0.1:7500/v1/session is due')
}

export function sessionUrlsOption(text: string, before: readonly string[] = []): string[] {
  return [...before, sessionUrlOption(text)]
}

export function secondsOption(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('seconds from 1 to 99,999 are due here')
}

export function chainIdOption(text: string): ChainId {
  if (/^[0-9a-f]{64}$/.test(text)) return text as ChainId
  throw new InvalidArgumentError('64 lower-case hex digits are due here')
}

/** The number of a channel on the ledger; any number of them. */
export function channelsOption(text: string, before: readonly number[] = []): number[] {
  if (/^\d{1,15}$/.test(text)) return [...before, Number(text)]
  throw new InvalidArgumentError('the number of a channel is due here')
}
