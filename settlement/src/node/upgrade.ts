import type { Parameters, ParametersChange } from '@tallystick/protocol'
import type { LedgerView } from '../core/ledger-view.js'
import { parametersInForce } from '../core/parameters-in-force.js'
import { LedgerFault } from '../ledger-fault.js'

/** Rules of another version that come into force, and whether this node can go on under them. */
export type PendingUpgrade = {
  readonly version: number
  readonly activationHeight: number
  readonly isSupported: boolean
}

/** The upgrade that the state at the tip announces, if it does (UPG-4). */
export function pendingUpgrade(
  view: LedgerView,
  versions: ReadonlySet<number>,
): PendingUpgrade | undefined {
  const change: ParametersChange | undefined = view.read('parametersChange', {})
  if (change === undefined) return undefined
  const { activationHeight, parameters } = change
  const version = parameters.protocolVersion
  if (version === view.read('parameters', {})?.protocolVersion) return undefined
  return { version, activationHeight, isSupported: versions.has(version) }
}

/**
 * Throws `version_unsupported` unless this node knows the rules of the block of `height`, which
 * `parameters` are in force for (UPG-3): it neither makes nor applies a block by rules that it
 * does not know.
 */
export function requireSupportedVersion(
  { protocolVersion }: Parameters,
  height: number,
  versions: ReadonlySet<number>,
): void {
  if (versions.has(protocolVersion)) return
  const known = [...versions].sort((a, b) => a - b).join(', ')
  throw new LedgerFault(
    'version_unsupported',
    `from block ${height} on the rules of version ${protocolVersion} are in force, this node ` +
      `supports ${known}: start a release that knows version ${protocolVersion} over the same data`,
  )
}

/** What one node has to do with upgrades: it knows some versions, and stops at all others. */
export class UpgradeWatch {
  readonly #view: LedgerView
  readonly #versions: ReadonlySet<number>
  readonly #onUnsupported: (upgrade: PendingUpgrade) => void
  /** Height of the upgrade that was told of as one to stop at. */
  #told: number | undefined

  /** `view`: the state at the tip, wherever that is. `onUnsupported` hears of each upgrade once. */
  constructor(
    view: LedgerView,
    versions: ReadonlySet<number>,
    onUnsupported: (upgrade: PendingUpgrade) => void,
  ) {
    this.#view = view
    this.#versions = versions
    this.#onUnsupported = onUnsupported
  }

  /** The upgrade that is announced, if one is. */
  get pending(): PendingUpgrade | undefined {
    return pendingUpgrade(this.#view, this.#versions)
  }

  /** What the block of `height`, the next, is judged by. Throws `version_unsupported`. */
  parametersAt(height: number): Parameters {
    const parameters = parametersInForce(this.#view, height)
    requireSupportedVersion(parameters, height, this.#versions)
    return parameters
  }

  /** Tells of an upgrade that is announced and not supported, if nobody was told yet. */
  tell(): void {
    const upgrade = this.pending
    if (upgrade === undefined || upgrade.isSupported) return
    if (upgrade.activationHeight === this.#told) return
    this.#told = upgrade.activationHeight
    this.#onUnsupported(upgrade)
  }
}
