import type { ChainId } from '@tallystick/protocol'
import { InvalidArgumentError } from 'commander'
import { PERMISSIONS, type Permission } from '../core/permission.js'

/** A parser of whole numbers in `min..max`, as commander wants one. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`A whole number of ${min} to ${max} is due here.`)
  }
}

/** Base units, as decimal digits: 0..10^18-1. */
export function baseUnits(text: string): string {
  if (/^(?:0|[1-9]\d{0,17})$/.test(text)) return text
  throw new InvalidArgumentError('A whole number of base units, below 10^18, is due here.')
}

/** The address of a server: http or https. */
export function serverAddress(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text
  throw new InvalidArgumentError('An address is due here, http://host:port.')
}

/** Of a hub: ws or wss. */
export function sessionAddress(text: string): string {
  if (URL.canParse(text) && /^wss?:$/.test(new URL(text).protocol)) return text
  throw new InvalidArgumentError('An address is due here, ws://host:port/v1/session.')
}

export function chainIdOption(text: string): ChainId {
  if (/^[0-9a-f]{64}$/.test(text)) return text as ChainId
  throw new InvalidArgumentError('64 lower-case hex digits are due here.')
}

/** Permissions, with commas between them. */
export function permissionList(text: string): readonly Permission[] {
  const found = text.split(',').map((name) => PERMISSIONS.find((one) => one === name))
  const known = found.filter((one) => one !== undefined)
  if (known.length === found.length && known.length > 0) return known
  throw new InvalidArgumentError(`Some of ${PERMISSIONS.join(',')} are due here.`)
}
