import {
  decode,
  followHandovers,
  type Genesis,
  type Handover,
  handoverCodec,
  isRejection,
} from '@tallystick/protocol'
import { LedgerFault } from '../ledger-fault.js'
import { PAGE_ITEMS_MAX } from '../limits.js'
import type { LedgerStore } from '../store/ledger-store.js'

/** All handovers of a store, the oldest first. Throws `store_corrupt`. */
export async function storedHandovers(store: LedgerStore): Promise<readonly Handover[]> {
  const handovers: Handover[] = []
  for (let from = 0; ; ) {
    const page = await store.handovers(from, PAGE_ITEMS_MAX)
    for (const { activationHeight, bytes } of page) {
      const handover = decode(handoverCodec, bytes)
      if (isRejection(handover)) throw corrupt(activationHeight, handover.detail)
      if ((handover as Handover).change.activationHeight !== activationHeight) {
        throw corrupt(activationHeight, 'it is of another height')
      }
      handovers.push(handover as Handover)
      from = activationHeight + 1
    }
    if (page.length < PAGE_ITEMS_MAX) return handovers
  }
}

/**
 * Throws `store_corrupt` unless the stored handovers lead from the genesis to the revision of the
 * parameters that are in force after the tip: clients follow the validators by them alone.
 */
export async function checkHandovers(
  store: LedgerStore,
  genesis: Genesis,
  revision: number,
): Promise<void> {
  const handovers = await storedHandovers(store)
  const eras = followHandovers(genesis, handovers)
  if (isRejection(eras)) {
    throw new LedgerFault('store_corrupt', `the handovers are broken: ${eras.detail}`)
  }
  const newest = eras.at(-1)?.revision
  if (newest === revision) return
  const detail = `the handovers lead to parameters ${newest}, the state goes on under ${revision}`
  throw new LedgerFault('store_corrupt', detail)
}

function corrupt(height: number, why: string): LedgerFault {
  return new LedgerFault('store_corrupt', `the handover to height ${height} is damaged: ${why}`)
}
