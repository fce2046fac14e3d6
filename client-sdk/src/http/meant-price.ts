import { type Rejection, reject } from '@tallystick/protocol'
import { type Offer, ticksFor } from './offer.js'

/**
 * Why ticks are not taken that were not given for this offer (HTTP402-2): the payer has stated another price, or one
 * of its streams has ticks of which more would be taken than the offer asks for. `units`: of the streams that are known.
 */
export function otherPrice(
  { stated, units }: { readonly stated: string | undefined; readonly units: readonly bigint[] },
  { price, unit }: Pick<Offer, 'price' | 'unit'>,
): Rejection<'price_changed'> | undefined {
  if (stated !== undefined && stated !== `${price}`) {
    return reject('price_changed', `the ticks are for another price than ${price}: none was taken`)
  }
  const due = ticksFor({ price, unit }) * unit
  const isDear = units.some((own) => own !== units[0] || ticksFor({ price, unit: own }) * own > due)
  if (!isDear) return undefined
  const detail = `with these ticks it would cost more than ${due}: none was taken, ticks of ${unit} are`
  return reject('price_changed', detail)
}
