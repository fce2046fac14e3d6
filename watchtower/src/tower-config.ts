/** What an operator decides about a tower. */
export type TowerConfig = {
  /** Folder of the store and the key file. */
  readonly dataDir: string
  /** Address of a ledger node, `http://host:port`. It is not trusted. */
  readonly ledgerUrl: string
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** The asset of its fees, its bounties and the channels that it guards. */
  readonly asset: number
  /** The least share of a penalty that it guards for, parts per million. */
  readonly bountyPpmMin: number
  /** How far ahead an appointment may reach, seconds of ledger time. */
  readonly appointmentSecondsMax: number
  /** Channels that it guards in all, and of one key: a hub has one for all its channels. */
  readonly appointmentsMax: number
  readonly appointmentsPerKeyMax: number
  /** Whether a store that may be an old copy is taken as it is, this once. */
  readonly restored: boolean
}

export const DEFAULT_TOWER_CONFIG = {
  host: '127.0.0.1',
  port: 9750,
  asset: 0,
  bountyPpmMin: 100_000,
  /** 90 days: an owner that was away for longer is not guarded any more. */
  appointmentSecondsMax: 7_776_000,
  appointmentsMax: 100_000,
  appointmentsPerKeyMax: 10_000,
} as const
