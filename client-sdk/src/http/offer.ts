import { type PublicKey, parsePublicKey, type Rejection, reject } from '@tallystick/protocol'

/** What a seller asks for a request (HTTP402-1); amounts are decimal strings of base units. */
export type Offer = {
  /** The chain, 64 hex digits, the asset on it, and the hub over which the payee is paid. */
  readonly chain: string
  readonly asset: number
  readonly hub: string
  readonly payee: PublicKey
  /** Base units for this request, and for one tick of a stream. */
  readonly price: bigint
  readonly unit: bigint
}

const BASE_UNITS = /^(?:0|[1-9][0-9]{0,18})$/
const HEX_32 = /^[0-9a-f]{64}$/

/** The name of a chain where networks have short ones (CAIP-2). */
export function networkOf(chain: string): string {
  return `tally:${chain.slice(0, 32)}`
}

/** The offer as its own JSON object. */
export function offerJson(offer: Offer): object {
  const { price, unit } = offer
  return { version: 1, ...offer, price: `${price}`, unit: `${unit}` }
}

/** An offer from outside, parsed JSON, or why it is none. */
export function parseOfferJson(value: unknown): Offer | Rejection<'offer_malformed'> {
  const malformed = (what: string) => reject('offer_malformed', `${what} of the offer is not right`)
  if (typeof value !== 'object' || value === null) return malformed('the form')
  const { version, chain, asset, hub, payee, price, unit } = value as Record<string, unknown>
  if (version !== 1) return malformed('the version')
  if (typeof chain !== 'string' || !HEX_32.test(chain)) return malformed('the chain')
  if (typeof asset !== 'number' || !Number.isSafeInteger(asset) || asset < 0) {
    return malformed('the asset')
  }
  if (typeof hub !== 'string' || !HEX_32.test(hub)) return malformed('the hub')
  const key = typeof payee === 'string' ? parsePublicKey(payee) : undefined
  if (key === undefined) return malformed('the payee')
  const [cost, tick] = [baseUnits(price), baseUnits(unit)]
  if (cost === undefined || tick === undefined || tick === 0n) return malformed('the price')
  return { chain, asset, hub, payee: key, price: cost, unit: tick }
}

function baseUnits(text: unknown): bigint | undefined {
  if (typeof text !== 'string' || !BASE_UNITS.test(text)) return undefined
  const value = BigInt(text)
  return value < 2n ** 63n ? value : undefined
}

/** Whether two offers ask the same, of the same payee. */
export function isSameOffer(a: Offer, b: Offer): boolean {
  return offerKey(a) === offerKey(b)
}

/** The same text for the same offer. */
export function offerKey({ chain, asset, hub, payee, price, unit }: Offer): string {
  return [chain, asset, hub, payee, price, unit].join(' ')
}

/** Ticks that pay for one request. */
export function ticksFor({ price, unit }: Pick<Offer, 'price' | 'unit'>): bigint {
  return (price + unit - 1n) / unit
}
