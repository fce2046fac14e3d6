import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PROFILE_DIR, progress, report, SCALE } from './benchmark.js'
import { HubUnderLoad } from './hub-load/hub-under-load.js'
import { latencyFigures } from './hub-load/latency.js'
import { LoadFleet } from './hub-load/load-fleet.js'
import type { LoadClientName } from './hub-load/load-process.js'
import { measureLoad } from './hub-load/measure-load.js'

/*
 * A hub with a million channels of which a thousand pay: what it holds in memory, how fast it starts, and
 * how fast it is beside the same hub with the thousand alone, in one run. Channels that rest are written
 * into its journal, spread among those that pay; the ledger does not know them.
 *
 * Then the same hub with little memory for what rests, so that nearly all of it lies on disk: what is the
 * first payment of a channel from there like, and what do payments cost that wander over a hundred thousand
 * of them, beside payments of the same kind of a thousand. Both are paid to the thousand from the beginning,
 * and settled at once. A page that was written lately comes from the system's memory of the file.
 */

const CHANNELS = Math.max(2_000, Math.round(1_000_000 * SCALE))
const PAYERS = Math.max(20, Math.min(1_000, Math.round(CHANNELS / 100)))
/** Channels at rest whose clients come back: three times as many as the hub keeps ready for use. */
const SLEEPERS = Math.round(CHANNELS / 10)
/** MiB for channels at rest, of the several hundred that they take. */
const REST_MEMORY = Math.max(1, Math.round(32 * SCALE))
const FIRST_PAYMENTS = Math.max(20, Math.round(200 * SCALE))
const IN_FLIGHT = 1_024
const MEASURED_MS = Math.max(3_000, Math.round(10_000 * Math.min(1, 10 * SCALE)))
/** Long enough for every sleeper to pay, at 1,700 payments a second. */
const WANDERING_MS = 6 * MEASURED_MS
const LOAD_PROCESSES = 2

const LIMITS = { memoryGigabytes: 4, startSeconds: 10, rateShare: 0.5 } as const

const dir = mkdtempSync(join(tmpdir(), 'tallystick-channels-'))
const hub = await HubUnderLoad.start(dir, PAYERS, { profileDir: PROFILE_DIR, isInspected: true })

/** The same clients before and after every start: they come back by themselves. */
async function startFleet(): Promise<LoadFleet> {
  const { url, chainId, key, clients } = hub
  const fleet = await LoadFleet.start(LOAD_PROCESSES, { url, chainId, hub: key, clients })
  await fleet.connect(PAYERS)
  await fleet.attach()
  await fleet.survive()
  return fleet
}

function measurePayments(fleet: LoadFleet) {
  const plan = { perProof: 1, pace: { kind: 'full', inFlight: IN_FLIGHT } } as const
  return measureLoad({ hub, fleet }, plan, { payers: PAYERS, milliseconds: MEASURED_MS })
}

/** The first `payers` of those that slept pay the thousand that never did. */
function measureWoken(fleet: LoadFleet, payers: number, milliseconds: number) {
  const merchants = { count: PAYERS, areSettledAtOnce: true } as const
  const plan = { perProof: 1, pace: { kind: 'full', inFlight: IN_FLIGHT }, merchants } as const
  return measureLoad({ hub, fleet }, plan, { payers: PAYERS + payers, milliseconds })
}

/** Seconds from the start of the process to its first answer, and what it holds then. */
async function timedStart(restMemory?: number) {
  const started = performance.now()
  await hub.restart(restMemory)
  const startSeconds = (performance.now() - started) / 1_000
  return { startSeconds, ...(await memoryNow()) }
}

/** What the process holds, before a collection and after it, and the most that it ever held. */
async function memoryNow() {
  const { residentBytes, residentBytesMax } = await hub.usage()
  return {
    megabytesUncollected: residentBytes / 2 ** 20,
    megabytes: (await hub.residentBytes()) / 2 ** 20,
    megabytesMax: residentBytesMax / 2 ** 20,
  }
}

/** Channels that lie on disk, from their first word to where all of them pay in turns. */
async function wakeUp(fleet: LoadFleet, sleepers: readonly LoadClientName[]) {
  const start = await timedStart(REST_MEMORY)
  await fleet.returned()
  progress(`${sleepers.length} channels wake up`)
  // Of the first process; its very first client is who is paid.
  const others = Math.floor(PAYERS / LOAD_PROCESSES) - 1
  const hotPayment = await fleet.payOnce(LOAD_PROCESSES, Math.min(FIRST_PAYMENTS, others))
  await fleet.join(sleepers)
  const firstAttach = await fleet.attachAlone(FIRST_PAYMENTS)
  const paymentAfterAttach = await fleet.payOnce(PAYERS, FIRST_PAYMENTS)
  const started = performance.now()
  await fleet.attach()
  const attachSeconds = (performance.now() - started) / 1_000
  // Of those that were attached so long ago that others have taken their places in memory.
  const paymentFromDisk = await fleet.payOnce(PAYERS + 2 * FIRST_PAYMENTS, FIRST_PAYMENTS)
  const aThousand = await measureWoken(fleet, PAYERS, MEASURED_MS)
  const all = await measureWoken(fleet, sleepers.length, WANDERING_MS)
  return {
    restMemoryMegabytes: REST_MEMORY,
    ...start,
    firstAttach: latencyFigures(firstAttach.latencies),
    paymentAfterAttach: latencyFigures(paymentAfterAttach.latencies),
    attachesPerSecond: (sleepers.length - FIRST_PAYMENTS) / attachSeconds,
    paymentFromDisk: latencyFigures(paymentFromDisk.latencies),
    paymentOfAHotChannel: latencyFigures(hotPayment.latencies),
    payingInTurns: { [`${PAYERS} channels`]: aThousand, [`${sleepers.length} channels`]: all },
    differentChannels: Math.min(sleepers.length, all.paymentsInAll),
    rateShare: all.paymentsPerSecond / aThousand.paymentsPerSecond,
    afterwards: await memoryNow(),
  }
}

let stopFleet = async () => {}
try {
  progress(`opening ${PAYERS} channels`)
  await hub.openUntil(PAYERS)
  const fleet = await startFleet()
  stopFleet = () => fleet.stop()
  const few = await measurePayments(fleet)
  await hub.halt()
  const fewStart = await timedStart()
  await hub.halt()
  progress(`writing a journal of ${CHANNELS} channels`)
  const sleepers = await hub.crowd({ channels: CHANNELS, sleepers: SLEEPERS })
  const start = await timedStart()
  const { channels } = await hub.statistics()
  if (channels !== CHANNELS) throw new Error(`the hub has ${channels} of ${CHANNELS} channels`)
  progress(`${channels} channels after ${start.startSeconds.toFixed(1)} s; ${PAYERS} pay`)
  await fleet.returned()
  const many = await measurePayments(fleet)
  const loaded = await memoryNow()
  // As after power loss: with everything in the log that the payments left there.
  await hub.kill()
  const again = await timedStart()
  await hub.halt()
  const woken = await wakeUp(fleet, sleepers)
  // What the machine has to have, whatever could have been collected.
  const processes = [loaded, again, woken.afterwards]
  const memory = Math.max(...processes.map(({ megabytesMax }) => megabytesMax)) / 1_024
  const seconds = Math.max(start.startSeconds, again.startSeconds, woken.startSeconds)
  const share = many.paymentsPerSecond / few.paymentsPerSecond
  report('hub-channels', {
    channels: CHANNELS,
    payers: PAYERS,
    withPayersAlone: { ...few, ...fewStart },
    withAll: { ...many, ...start, afterwards: loaded },
    afterKill: again,
    onDisk: woken,
    bytesPerChannel: ((start.megabytes - fewStart.megabytes) * 2 ** 20) / (CHANNELS - PAYERS),
    limits: {
      memoryGigabytes: `${memory.toFixed(2)} of ${LIMITS.memoryGigabytes}`,
      startSeconds: `${seconds.toFixed(1)} of ${LIMITS.startSeconds}`,
      rateShare: `${share.toFixed(2)}, at least ${LIMITS.rateShare}`,
      isMet:
        memory < LIMITS.memoryGigabytes &&
        seconds < LIMITS.startSeconds &&
        share >= LIMITS.rateShare,
    },
  })
} finally {
  await stopFleet()
  await hub.stop()
  rmSync(dir, { recursive: true, force: true })
}
