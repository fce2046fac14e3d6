import { InvalidArgumentError } from 'commander'

/** A parser of whole numbers in `min..max`, as commander wants one. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`A whole number of ${min} to ${max} is due here.`)
  }
}

/** An amount in base units, 0..10^18-1. */
export function baseUnits(text: string): bigint {
  if (/^\d{1,18}$/.test(text)) return BigInt(text)
  throw new InvalidArgumentError('A whole number of base units, below 10^18, is due here.')
}

/** The address of a server, as a ledger node or a hub is one. */
export function serverAddress(text: string): string {
  const isAddress = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
  if (isAddress) return text
  throw new InvalidArgumentError('An address is due here, http://host:port.')
}
