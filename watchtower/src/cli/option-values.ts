import { InvalidArgumentError } from 'commander'

/** A parser of whole numbers in `min..max`, as commander wants one. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`A whole number of ${min} to ${max} is due here.`)
  }
}

/** The address of a server. */
export function httpAddress(text: string): string {
  const isAddress = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
  if (isAddress) return text
  throw new InvalidArgumentError('An address is due here, http://host:port.')
}
