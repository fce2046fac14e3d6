import {
  type Amount,
  amount,
  type ChainId,
  type LockRoot,
  type Output,
  type PublicKey,
  parseAmount,
  parsePublicKey,
} from '@tallystick/protocol'
import { InvalidArgumentError } from 'commander'
import type { PricedAsset } from '../priced-asset.js'

/**
 * `CODE:DECIMALS:FEE`, fee in base units per 1,000 units of cost; with `:ISSUERHEX` behind it the
 * holder of that key can issue more.
 */
export function assetOption(text: string, before: readonly PricedAsset[] = []): PricedAsset[] {
  const [, code, decimals, fee, hex] =
    /^([A-Za-z0-9]{1,12}):(\d{1,2}):(\d{1,13})(?::([0-9a-f]{64}))?$/.exec(text) ?? []
  const issuer = hex === undefined ? undefined : parsePublicKey(hex)
  if (code === undefined || (hex !== undefined && issuer === undefined)) {
    throw new InvalidArgumentError(
      'CODE:DECIMALS:FEE_PER_KILO_COST[:ISSUERHEX] is due, for example GBP:2:1',
    )
  }
  const asset = { code, decimals: Number(decimals), feePerKiloCost: Number(fee) }
  return [...before, issuer === undefined ? asset : { ...asset, issuer }]
}

/** `LOCKHEX:ASSET:AMOUNT`, amount in base units. */
export function allocateOption(text: string, before: readonly Output[] = []): Output[] {
  const [, lock, asset, units] = /^([0-9a-f]{64}):(\d{1,3}):([1-9]\d{0,18})$/.exec(text) ?? []
  const value = units === undefined ? undefined : parseAmount(BigInt(units))
  if (lock === undefined || value === undefined) {
    throw new InvalidArgumentError('LOCKHEX:ASSET:AMOUNT is due: 64 hex digits, a number, units')
  }
  return [...before, { lock: lock as LockRoot, asset: Number(asset), amount: amount(value) }]
}

/** A whole number of at most nine digits. */
export function wholeOption(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('a whole number is due here')
  return Number(text)
}

/** The same, and not 0. */
export function countOption(text: string): number {
  const count = wholeOption(text)
  if (count === 0) throw new InvalidArgumentError('at least 1 is due')
  return count
}

export function portOption(text: string): number {
  const port = wholeOption(text)
  if (port > 65_535) throw new InvalidArgumentError('a port is at most 65535')
  return port
}

/** 32 bytes in hex: an id, a key or a root. */
export function hashOption(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new InvalidArgumentError('64 lower-case hex digits are due here')
  }
  return text
}

export function chainIdOption(text: string): ChainId {
  return hashOption(text) as ChainId
}

/** Base units, 1 to 2^63-1. */
export function amountOption(text: string): Amount {
  const value = /^[1-9]\d{0,18}$/.test(text) ? parseAmount(BigInt(text)) : undefined
  if (value === undefined) throw new InvalidArgumentError('base units are due, 1 to 2^63-1')
  return value
}

/** The same, or 0. */
export function supplyOption(text: string): Amount {
  return text === '0' ? amount(0n) : amountOption(text)
}

/** Of an API: http or https. */
export function urlOption(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new InvalidArgumentError('an address like http://127.0.0.1:7400 is due')
  }
  return text
}

/** The same, any number of them. */
export function urlsOption(text: string, before: readonly string[] = []): string[] {
  return [...before, urlOption(text)]
}

/** What an asset is called. */
export function codeOption(text: string): string {
  if (!/^[A-Za-z0-9]{1,12}$/.test(text)) {
    throw new InvalidArgumentError('1 to 12 letters and digits are due')
  }
  return text
}

/** Digits behind the point, 0 to 18. */
export function decimalsOption(text: string): number {
  const decimals = wholeOption(text)
  if (decimals > 18) throw new InvalidArgumentError('at most 18 decimals are due')
  return decimals
}

export function keyOption(text: string): PublicKey {
  const key = parsePublicKey(text)
  if (key === undefined) throw new InvalidArgumentError('a public key in hex is due')
  return key
}
