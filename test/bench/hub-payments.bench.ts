import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Figures, PROFILE_DIR, progress, report, SCALE } from './benchmark.js'
import { HubUnderLoad } from './hub-load/hub-under-load.js'
import { latencyFigures } from './hub-load/latency.js'
import { LoadFleet } from './hub-load/load-fleet.js'
import { machineCeiling } from './hub-load/machine-ceiling.js'
import { type LoadFigures, measureLoad } from './hub-load/measure-load.js'

/*
 * Routed, hash-locked payments through a hub process over a ledger process, every one durable before
 * anybody is told: the payer promises, the hub carries on, the payee claims, the hub claims, the payer
 * pays. Clients are in processes of their own, each with one channel and one connection, and pay in a
 * circle. A payer that goes on says both in one proof: what it owes for the last payments, and the next.
 *
 * At full load so many payments are under way as the hub needs to be busy; at half of that rate they
 * begin by the clock, and are late from then on (open loop).
 *
 * A hot merchant is the other shape: all pay one channel. The hub's lane to it holds so many items as the
 * terms of the channel say, and one that comes when it is full waits at the hub (HUB-16).
 */

const CHANNELS = [...new Set([10, 1_000, 10_000].map((n) => Math.max(10, Math.round(n * SCALE))))]
const PER_PROOF = [1, 16]
/** Payments under way at full load. */
const IN_FLIGHT = 1_024
const MEASURED_MS = Math.max(2_000, Math.round(10_000 * SCALE))
const LONE_PAYMENTS = Math.max(20, Math.round(200 * SCALE))
const CEILING_MS = Math.max(500, Math.round(2_000 * SCALE))
/** Processes that the clients are dealt out to: the hub leaves them one core of two. */
const LOAD_PROCESSES = 2

const MERCHANT_CHANNELS = Math.max(10, Math.round(1_000 * SCALE))
/** Payments under way to a merchant, in parts of what its lane holds. */
const MERCHANT_IN_FLIGHT = [0.5, 1, 4]
/** A main thread that is busy for more of the time has none left. */
const BUSY_SHARE = 0.9
const MERCHANT_MS = Math.max(2_000, Math.round(MEASURED_MS / 2))

/** To the hub: a promise, a claim, and two confirmations; and as many from it. Frames join them. */
const MESSAGES_EACH_WAY = 4
/** SQLite's log, and the mark beside it. */
const SYNCS_PER_COMMIT = 2

const LIMITS = {
  paymentsPerSecond: { 1: 10_000, 16: 50_000 },
  p99MsAtHalf: 50,
  loneMs: 5,
  updatesPerSync: 64,
  microsecondsBesideVerification: 25,
} as const

progress('measuring the machine')
const ceiling = await machineCeiling(CEILING_MS)

type Measured = {
  readonly channels: number
  readonly perProof: number
  readonly full: LoadFigures
  readonly half: LoadFigures
}

async function measureHub(
  channels: number,
): Promise<{ readonly loneMs: Figures; readonly measured: readonly Measured[] }> {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-payments-'))
  const hub = await HubUnderLoad.start(dir, channels, {
    profileDir: PROFILE_DIR,
  })
  const target = { url: hub.url, chainId: hub.chainId, hub: hub.key }
  try {
    progress(`opening ${channels} channels`)
    await hub.openUntil(channels)
    const fleet = await LoadFleet.start(LOAD_PROCESSES, { ...target, clients: hub.clients })
    try {
      await fleet.connect(channels)
      await fleet.attach()
      const lone = await fleet.payAlone(LONE_PAYMENTS)
      const measured: Measured[] = []
      for (const perProof of PER_PROOF) {
        const extent = { payers: channels, milliseconds: MEASURED_MS }
        const measure = (pace: Parameters<typeof measureLoad>[1]['pace']) =>
          measureLoad({ hub, fleet }, { perProof, pace }, extent)
        const full = await measure({ kind: 'full', inFlight: IN_FLIGHT })
        const perSecond = full.paymentsPerSecond / 2
        const half = await measure({ kind: 'paced', perSecond })
        measured.push({ channels, perProof, full, half })
        progress(`${channels} channels, ${perProof} per proof: ${full.paymentsPerSecond | 0}/s`)
      }
      return { loneMs: latencyFigures(lone.latencies), measured }
    } finally {
      await fleet.stop()
    }
  } finally {
    await hub.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

/**
 * All pay one, and the same number in a circle; clients are in one process, because a payee knows the
 * preimages of its own process only.
 */
async function measureMerchant(channels: number): Promise<Figures> {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-merchant-'))
  const hub = await HubUnderLoad.start(dir, channels)
  try {
    progress(`opening ${channels} channels, one of them a merchant's`)
    await hub.openUntil(channels)
    const { url, chainId, key, clients } = hub
    const fleet = await LoadFleet.start(1, { url, chainId, hub: key, clients })
    try {
      await fleet.connect(channels)
      await fleet.attach()
      const extent = { payers: channels, milliseconds: MERCHANT_MS }
      const { itemsMax } = hub.terms
      const rows: Record<string, Figures> = {}
      for (const part of MERCHANT_IN_FLIGHT) {
        const inFlight = Math.round(part * itemsMax)
        const plan = { perProof: 1, pace: { kind: 'full', inFlight } } as const
        const merchants = { count: 1, areSettledAtOnce: false }
        const circle = await measureLoad({ hub, fleet }, plan, extent)
        const merchant = await measureLoad({ hub, fleet }, { ...plan, merchants }, extent)
        const busy = { mainThreadShare: mainThreadShare(merchant) }
        rows[`${inFlight} under way`] = { merchant: { ...merchant, ...busy }, circle }
        if (part === 1) rows['limited by'] = limitOfMerchant(merchant, itemsMax)
        progress(
          `${inFlight} under way: ${merchant.paymentsPerSecond | 0}/s to one, ${merchant.declined} given back; ${circle.paymentsPerSecond | 0}/s in a circle`,
        )
      }
      return rows
    } finally {
      await fleet.stop()
    }
  } finally {
    await hub.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** The part of the time that the hub's main thread is busy. */
function mainThreadShare({ paymentsPerSecond, hubMainThreadMicroseconds }: LoadFigures): number {
  return (paymentsPerSecond * hubMainThreadMicroseconds) / 1_000_000
}

/**
 * What keeps a merchant from more when its lane is full: the main thread, if it is always busy, or else
 * the places of the lane, each of which a payment takes for a while.
 */
function limitOfMerchant(merchant: LoadFigures, itemsMax: number): Figures {
  const isBusy = mainThreadShare(merchant) > BUSY_SHARE
  return {
    what: isBusy ? 'the main thread of the hub' : 'the items of the lane',
    laneItemsMax: itemsMax,
    // By Little's law: so many places, each taken for so long.
    millisecondsPerItem: (1_000 * itemsMax) / merchant.paymentsPerSecond,
    microsecondsOfTheMainThreadPerItem: merchant.hubMainThreadMicroseconds,
  }
}

/** What the hub needs for a payment beside checking the one signature that covers it, microseconds. */
function besideVerification({ perProof, full }: Measured): number {
  return full.hubMicroseconds - ceiling.verificationMicroseconds / perProof
}

const all: Measured[] = []
const lone: number[] = []
const figures: Record<string, Figures> = {}
for (const channels of CHANNELS) {
  const { loneMs, measured } = await measureHub(channels)
  all.push(...measured)
  lone.push(Number(loneMs['p50Ms']))
  figures[`${channels} channels`] = {
    lonePayment: loneMs,
    ...Object.fromEntries(
      measured.map((of) => [
        `${of.perProof} per signature`,
        {
          full: of.full,
          half: of.half,
          besideVerificationMicroseconds: besideVerification(of),
          paymentsPerVerificationOfOneCore:
            of.full.paymentsPerSecond / (ceiling.verificationsPerSecond * of.perProof),
          messagesOfEchoes:
            (MESSAGES_EACH_WAY * of.full.paymentsPerSecond) / ceiling.echoMessagesPerSecond,
          commitsOfSyncedCommits: of.full.commitsPerSecond / ceiling.syncedCommitsPerSecond,
        },
      ]),
    ),
  }
}

const merchant = await measureMerchant(MERCHANT_CHANNELS)
const singles = all.filter(({ perProof }) => perProof === 1)
const slowest = (some: readonly Measured[]) =>
  Math.min(...some.map(({ full }) => full.paymentsPerSecond))
const rates = { 1: slowest(singles), 16: slowest(all.filter(({ perProof }) => perProof === 16)) }
const p99 = Math.max(...singles.map(({ half }) => half.latency.p99Ms))
const loneMs = Math.max(...lone)
/** Updates that clients send; what the hub signs besides is not counted. */
const updates = Math.min(...singles.map(({ full }) => full.paymentsPerCommit / SYNCS_PER_COMMIT))
const beside = Math.max(...singles.map(besideVerification))

report('hub-payments', {
  ceiling,
  ...figures,
  [`a merchant of ${MERCHANT_CHANNELS} channels`]: merchant,
  limits: {
    paymentsPerSecond: `${rates[1] | 0} of ${LIMITS.paymentsPerSecond[1]}`,
    paymentsPerSecondOf16: `${rates[16] | 0} of ${LIMITS.paymentsPerSecond[16]}`,
    p99MsAtHalf: `${p99.toFixed(1)} of ${LIMITS.p99MsAtHalf}`,
    loneMs: `${loneMs.toFixed(1)} of ${LIMITS.loneMs}`,
    updatesPerSync: `${updates.toFixed(1)} of ${LIMITS.updatesPerSync}`,
    microsecondsBesideVerification: `${beside.toFixed(0)} of ${LIMITS.microsecondsBesideVerification}`,
    isMet:
      rates[1] >= LIMITS.paymentsPerSecond[1] &&
      rates[16] >= LIMITS.paymentsPerSecond[16] &&
      p99 < LIMITS.p99MsAtHalf &&
      loneMs < LIMITS.loneMs &&
      updates >= LIMITS.updatesPerSync &&
      beside <= LIMITS.microsecondsBesideVerification,
  },
})
