import {
  type BlockHeader,
  type BlockId,
  blockId,
  type Certificate,
  checkCertificate,
  followHandovers,
  type Genesis,
  isRejection,
} from '@tallystick/protocol'
import type { LedgerStore } from '../store/ledger-store.js'
import { storedHandovers } from './stored-handovers.js'

/** A header and who made it final. */
export type CertifiedHeader = { readonly header: BlockHeader; readonly certificate: Certificate }

/** Two final blocks of one height: by them anybody can show that the validators broke their promise. */
export type Conflict = {
  readonly height: number
  readonly ours: CertifiedHeader & { readonly id: BlockId }
  readonly theirs: CertifiedHeader & { readonly id: BlockId }
}

/**
 * Whether the validators who certified `ours` certified another header of its height, too. One that
 * goes by other parameters, or that they did not certify, shows nothing.
 */
export async function findConflict(
  store: LedgerStore,
  genesis: Genesis,
  ours: CertifiedHeader,
  theirs: CertifiedHeader,
): Promise<Conflict | undefined> {
  const [ourId, theirId] = [blockId(ours.header), blockId(theirs.header)]
  const { height, revision, chainId } = ours.header
  const isOfOne =
    theirs.header.height === height &&
    theirs.header.revision === revision &&
    theirs.header.chainId === chainId
  if (ourId === theirId || !isOfOne) return undefined
  const eras = followHandovers(genesis, await storedHandovers(store))
  const parameters = isRejection(eras) ? undefined : eras[revision]
  if (parameters === undefined) return undefined
  if (checkCertificate(theirs.header, theirs.certificate, parameters) !== undefined)
    return undefined
  return { height, ours: { ...ours, id: ourId }, theirs: { ...theirs, id: theirId } }
}
