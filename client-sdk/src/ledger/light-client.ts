import {
  type Block,
  type BlockHeader,
  blockId,
  type Certificate,
  type ChainId,
  chainIdOf,
  checkCertificate,
  type Genesis,
  holdsTransactions,
  isRejection,
  type Parameters,
  PROTOCOL_VERSION,
  type Rejection,
  reject,
} from '@tallystick/protocol'

/** What somebody without the state believes about the ledger: who finalizes, and how far it is. */
export type LightClient = {
  readonly kind: 'lightClient'
  readonly chainId: ChainId
  readonly genesis: Genesis
  /** Whose certificates count. */
  readonly authority: Pick<Parameters, 'validators' | 'quorum'>
  /** The newest header accepted; absent: none since the genesis. */
  readonly tip: BlockHeader | undefined
}

/** Why a header or a block is not believed, in checking order. */
export type LightClientRejection = Rejection<
  | 'wrong_chain'
  | 'unsupported_version'
  | 'genesis_not_certified'
  | 'older_than_tip'
  | 'time_falls'
  | 'bad_certificate'
  | 'conflicting_block'
  | 'wrong_transaction_root'
>

/** Trusts what `genesis` says and nothing else yet. */
export function startLightClient(genesis: Genesis): LightClient {
  const { validators, quorum } = genesis.parameters
  return {
    kind: 'lightClient',
    chainId: chainIdOf(genesis),
    genesis,
    authority: { validators, quorum },
    tip: undefined,
  }
}

/**
 * Believes a header that enough validators certified, unless it would take the client back (INV-40).
 * Any number of blocks may lie between: a certificate is final by itself. The tip again is fine.
 */
export function acceptHeader(
  state: LightClient,
  header: BlockHeader,
  certificate: Certificate | undefined,
): LightClient | LightClientRejection {
  const { chainId, authority, tip } = state
  if (header.chainId !== chainId) {
    return reject('wrong_chain', `this is chain ${chainId}, not ${header.chainId}`)
  }
  if (header.version !== PROTOCOL_VERSION) {
    return reject(
      'unsupported_version',
      `rules ${PROTOCOL_VERSION} are known, not ${header.version}`,
    )
  }
  if (header.height === 0) {
    return reject('genesis_not_certified', 'a block is certified from height 1 on')
  }
  if (tip !== undefined && header.height < tip.height) {
    return reject('older_than_tip', `block ${tip.height} is known, ${header.height} is before it`)
  }
  const since = tip?.time ?? state.genesis.time
  if (header.time < since) {
    return reject(
      'time_falls',
      `ledger time was ${since}, block ${header.height} says ${header.time}`,
    )
  }
  if (certificate === undefined) {
    return reject('bad_certificate', `block ${header.height} comes without a certificate`)
  }
  return (
    checkCertificate(header, certificate, authority) ??
    checkSuccession(tip, header) ?? { ...state, tip: header }
  )
}

/** `acceptHeader` for a whole block: its transactions are those that the header commits to. */
export function acceptBlock(
  state: LightClient,
  { header, certificate, transactions }: Block,
): LightClient | LightClientRejection {
  const next = acceptHeader(state, header, certificate)
  if (isRejection(next)) return next
  return holdsTransactions(header, transactions)
    ? next
    : reject('wrong_transaction_root', `block ${header.height} holds other transactions`)
}

/** Two certified blocks that exclude each other: the validators broke their promise. */
function checkSuccession(
  tip: BlockHeader | undefined,
  header: BlockHeader,
): LightClientRejection | undefined {
  if (tip === undefined) return undefined
  const id = blockId(tip)
  const conflicts =
    (header.height === tip.height && blockId(header) !== id) ||
    (header.height === tip.height + 1 && header.parent !== id)
  return conflicts
    ? reject('conflicting_block', `block ${header.height} and block ${id} cannot both be final`)
    : undefined
}
