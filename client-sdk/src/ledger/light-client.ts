import {
  type Block,
  type BlockHeader,
  blockId,
  type Certificate,
  type ChainId,
  chainIdOf,
  checkCertificate,
  checkHandover,
  type Genesis,
  type Handover,
  holdsTransactions,
  isRejection,
  type Parameters,
  PROTOCOL_VERSIONS,
  type Rejection,
  reject,
} from '@tallystick/protocol'

/** Parameters that were proven, and the height of the first block that they are in force for. */
export type Era = { readonly from: number; readonly parameters: Parameters }

/** What somebody without the state believes about the ledger: who finalizes, and how far it is. */
export type LightClient = {
  readonly kind: 'lightClient'
  readonly chainId: ChainId
  readonly genesis: Genesis
  /** By revision, from the genesis on without gaps: whose certificates count at which heights. */
  readonly eras: readonly [Era, ...Era[]]
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
  | 'parameters_unknown'
  | 'wrong_revision'
  | 'wrong_version'
  | 'bad_certificate'
  | 'conflicting_block'
  | 'wrong_transaction_root'
>

/** Why a handover is not believed. */
export type HandoverRejection =
  | LightClientRejection
  | Rejection<'handover_not_due' | 'wrong_revision' | 'bad_state_proof' | 'malformed'>

/** Trusts what `genesis` says and nothing else yet. */
export function startLightClient(genesis: Genesis): LightClient {
  return {
    kind: 'lightClient',
    chainId: chainIdOf(genesis),
    genesis,
    eras: [{ from: 1, parameters: genesis.parameters }],
    tip: undefined,
  }
}

/** The newest era that was proven. */
export function newestEra({ eras }: Pick<LightClient, 'eras'>): Era {
  return eras.at(-1) ?? eras[0]
}

/**
 * Believes a header that enough validators certified, unless it would take the client back (INV-40).
 * Any number of blocks may lie between: a certificate is final by itself. The tip again is fine.
 * Refused with `parameters_unknown` where handovers are missing that lead to its validators.
 */
export function acceptHeader(
  state: LightClient,
  header: BlockHeader,
  certificate: Certificate | undefined,
): LightClient | LightClientRejection {
  const { chainId, tip } = state
  if (header.chainId !== chainId) {
    return reject('wrong_chain', `this is chain ${chainId}, not ${header.chainId}`)
  }
  if (!PROTOCOL_VERSIONS.has(header.version)) return unsupportedVersion(header.version)
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
  const parameters = eraParameters(state, header)
  if (isRejection(parameters)) return parameters
  if (certificate === undefined) {
    return reject('bad_certificate', `block ${header.height} comes without a certificate`)
  }
  return (
    checkCertificate(header, certificate, parameters) ??
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

/**
 * Believes the parameters that follow on the newest known ones (PAR-5): the old validators certified
 * the header, and the change stands in its state. Handovers are taken one after the other: one that
 * skips another is refused with `parameters_unknown`, one that was taken with `wrong_revision`.
 */
export function acceptHandover(
  state: LightClient,
  handover: Handover,
): LightClient | HandoverRejection {
  const { header, certificate, change } = handover
  const next = acceptHeader(state, header, certificate)
  if (isRejection(next)) return next
  const refused = checkHandover(handover)
  if (refused !== undefined) return refused
  const { revision } = newestEra(state).parameters
  if (header.revision !== revision) {
    return reject('wrong_revision', `parameters ${header.revision + 1} are known already`)
  }
  const { activationHeight: from, parameters } = change
  if (!PROTOCOL_VERSIONS.has(parameters.protocolVersion)) {
    return unsupportedVersion(parameters.protocolVersion)
  }
  return { ...next, eras: [...state.eras, { from, parameters }] }
}

/** What a header says it goes by, if it is known and in force at the header's height. */
function eraParameters(
  { eras }: LightClient,
  { height, revision, version }: BlockHeader,
): Parameters | LightClientRejection {
  const era = eras[revision]
  if (era === undefined) {
    const detail = `those up to ${eras.length - 1} are known, their handovers lead on`
    return reject('parameters_unknown', `block ${height} goes by parameters ${revision}; ${detail}`)
  }
  const next = eras[revision + 1]
  if (height < era.from || (next !== undefined && height >= next.from)) {
    return reject('wrong_revision', `block ${height} is not in force under parameters ${revision}`)
  }
  return version === era.parameters.protocolVersion
    ? era.parameters
    : reject('wrong_version', `rules ${era.parameters.protocolVersion} are due, not ${version}`)
}

function unsupportedVersion(version: number): Rejection<'unsupported_version'> {
  const known = [...PROTOCOL_VERSIONS].join(', ')
  return reject('unsupported_version', `rules ${known} are known here, not ${version}`)
}

/** Two certified blocks that exclude each other: the validators broke their promise. */
function checkSuccession(
  tip: BlockHeader | undefined,
  header: BlockHeader,
): LightClientRejection | undefined {
  if (tip === undefined) return undefined
  const [known, id] = [blockId(tip), blockId(header)]
  if (header.height === tip.height && id !== known) {
    const what = `the validators certified two blocks at height ${tip.height}`
    return reject('conflicting_block', `${what}: ${known} and ${id}`)
  }
  if (header.height !== tip.height + 1 || header.parent === known) return undefined
  const what = `block ${header.height} ${id} follows ${header.parent}`
  return reject('conflicting_block', `${what}, block ${tip.height} is ${known}: both are certified`)
}
