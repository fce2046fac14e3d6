import { amount, type ChannelTerms, exitReserveMin } from '@tallystick/protocol'

/** What an operator decides about a hub. */
export type HubConfig = {
  /** Folder of the journal and the key file. */
  readonly dataDir: string
  /** Address of a ledger node, `http://host:port`. */
  readonly ledgerUrl: string
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Proxies in front that name clients (`x-forwarded-for`). */
  readonly trustProxy: number
  /** Number of the asset that the hub carries. */
  readonly asset: number
  /** Price of a routed payment: base units, and parts per million of the amount. */
  readonly feeBase: bigint
  readonly feePpm: number
  /** The most that the hub keeps deposited for one channel, base units. */
  readonly inboundMax: bigint
  readonly disputeWindowSeconds: number
  readonly clientPenaltyPpm: number
  /** Milliseconds that the closer gathers a batch. */
  readonly gatherMs: number
  /** Memory for channels at rest, MiB; what is beyond lies on disk. */
  readonly restMemory: number
  /** The operator's word that the journal is a restored copy: every channel is resumed (CH-18). */
  readonly restored: boolean
}

export const DEFAULT_HUB_CONFIG = {
  host: '127.0.0.1',
  port: 9740,
  trustProxy: 0,
  asset: 0,
  feeBase: 1_000n,
  feePpm: 1_000,
  inboundMax: 10n ** 15n,
  disputeWindowSeconds: 86_400,
  clientPenaltyPpm: 300_000,
  gatherMs: 1_000,
  restMemory: 1_024,
  restored: false,
} as const

/** Pending items of one lane: a merchant can have this many payments under way at once. */
const ITEMS_MAX = 64
/** Payments may be locked for a day at most, so that an offline payee can still be waited for. */
const EXPIRY_SECONDS_MAX = 86_400
/** Who has lost data gains nothing by haste; its hub has three windows to show what it holds. */
const UNSURE_WINDOWS = 3

/** The terms of every channel of the hub; the reserve is what the dearest exit can cost. */
export function termsOf(config: HubConfig, feePerKiloCost: number): ChannelTerms {
  const bounds = { itemsMax: ITEMS_MAX }
  return {
    disputeWindowSeconds: config.disputeWindowSeconds,
    unsureWindowSeconds: UNSURE_WINDOWS * config.disputeWindowSeconds,
    clientPenaltyPpm: config.clientPenaltyPpm,
    hubPenaltyPpm: 1_000_000,
    itemsMax: ITEMS_MAX,
    expirySecondsMax: EXPIRY_SECONDS_MAX,
    itemAmountMin: amount(1n),
    exitReserve: amount(exitReserveMin(bounds, feePerKiloCost)),
  }
}
