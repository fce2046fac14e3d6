import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PROFILE_DIR, progress, report, SCALE } from './benchmark.js'
import { HubUnderLoad } from './hub-load/hub-under-load.js'
import { LoadFleet } from './hub-load/load-fleet.js'
import { measureLoad } from './hub-load/measure-load.js'

/*
 * A hub with a million channels of which a thousand pay: what it holds in memory, how fast it starts, and
 * how fast it is beside the same hub with the thousand alone, in one run. Channels that rest are written
 * into its journal, spread among those that pay; the ledger does not know them.
 */

const CHANNELS = Math.max(2_000, Math.round(1_000_000 * SCALE))
const PAYERS = Math.max(20, Math.min(1_000, Math.round(CHANNELS / 100)))
const IN_FLIGHT = 1_024
const MEASURED_MS = Math.max(3_000, Math.round(10_000 * Math.min(1, 10 * SCALE)))
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

/** Seconds from the start of the process to its first answer, and what it holds then. */
async function timedStart() {
  const started = performance.now()
  await hub.restart()
  const seconds = (performance.now() - started) / 1_000
  return { seconds, megabytes: (await hub.residentBytes()) / 2 ** 20 }
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
  await hub.crowd(CHANNELS)
  const start = await timedStart()
  const { channels } = await hub.statistics()
  if (channels !== CHANNELS) throw new Error(`the hub has ${channels} of ${CHANNELS} channels`)
  progress(`${channels} channels after ${start.seconds.toFixed(1)} s; a thousand pay`)
  const many = await measurePayments(fleet)
  // As after power loss: with everything in the log that the payments left there.
  await hub.kill()
  const again = await timedStart()
  const memory = Math.max(start.megabytes, again.megabytes) / 1_024
  const seconds = Math.max(start.seconds, again.seconds)
  const share = many.paymentsPerSecond / few.paymentsPerSecond
  report('hub-channels', {
    channels: CHANNELS,
    payers: PAYERS,
    withPayersAlone: { ...few, startSeconds: fewStart.seconds, megabytes: fewStart.megabytes },
    withAll: { ...many, startSeconds: start.seconds, megabytes: start.megabytes },
    afterKill: { startSeconds: again.seconds, megabytes: again.megabytes },
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
