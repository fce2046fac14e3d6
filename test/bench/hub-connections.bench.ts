import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PROFILE_DIR, progress, report, SCALE } from './benchmark.js'
import { HubUnderLoad } from './hub-load/hub-under-load.js'
import { LoadFleet } from './hub-load/load-fleet.js'
import { machineCeiling } from './hub-load/machine-ceiling.js'
import { measureLoad } from './hub-load/measure-load.js'

/*
 * Clients that are there and say nothing, as most of them do most of the time: each one authenticated,
 * with its channel attached. What does holding them cost, how fast do they come, and what do those few
 * notice that pay meanwhile? The same few pay at the same pace while nobody else is there.
 */

const CONNECTIONS = Math.max(100, Math.round(10_000 * SCALE))
/** Of the connections. */
const ACTIVE_SHARE = 0.01
/** Dealt out evenly, as the others are: each process makes the same number of clients. */
const ACTIVE = Math.max(4, 2 * Math.round((CONNECTIONS * ACTIVE_SHARE) / 2))
/** Payments of each active client. */
const ACTIVE_PER_SECOND = 2
const MEASURED_MS = Math.max(3_000, Math.round(20_000 * SCALE))
const CEILING_MS = Math.max(500, Math.round(2_000 * SCALE))
const LOAD_PROCESSES = 2
/** Milliseconds between two looks at who is there. */
const LOOK_MS = 50

const LIMITS = {
  /** All together take a twentieth of the 4 GB that a hub may have (`hub-channels`). */
  bytesPerConnection: 20_000,
  /** Latency is the hub's work, not its guests': of those that pay, beside when they are alone. */
  p99OfAlone: 2,
} as const

progress('measuring the machine')
const ceiling = await machineCeiling(CEILING_MS)
const dir = mkdtempSync(join(tmpdir(), 'tallystick-connections-'))
const hub = await HubUnderLoad.start(dir, CONNECTIONS, {
  profileDir: PROFILE_DIR,
  isInspected: true,
})
try {
  const bare = await hub.residentBytes()
  progress(`opening ${CONNECTIONS} channels`)
  const opening = await timedUse(() => hub.openUntil(CONNECTIONS))
  await startAnew()
  const { url, chainId, key, clients } = hub
  const fleet = await LoadFleet.start(LOAD_PROCESSES, { url, chainId, hub: key, clients })
  try {
    await fleet.connect(ACTIVE)
    await fleet.attach()
    await fleet.survive()
    progress(`${ACTIVE} pay, and nobody else is there`)
    const alone = await measureActive(fleet)
    const others = CONNECTIONS - ACTIVE
    await startAnew()
    await until(async () => (await hub.statistics()).sessions === ACTIVE)
    const empty = await hub.residentBytes()
    const connecting = await timedUse(() => fleet.connect(others))
    const connected = await hub.residentBytes()
    const attaching = await timedUse(() => fleet.attach())
    const uncollected = (await hub.usage()).residentBytes
    const attached = await hub.residentBytes()
    progress(`${ACTIVE} of ${CONNECTIONS} pay`)
    const among = await measureActive(fleet)
    const { sessions } = await hub.statistics()
    if (sessions !== CONNECTIONS) throw new Error(`${sessions} of ${CONNECTIONS} are still there`)
    const bytesPerConnection = (attached - empty) / others
    const p99OfAlone = among.latency.p99Ms / alone.latency.p99Ms
    const handshakesPerSecond = others / connecting.seconds
    report('hub-connections', {
      connections: CONNECTIONS,
      ceiling,
      channelsOpenedPerSecond: CONNECTIONS / opening.seconds,
      hubMicrosecondsPerOpening: (1_000 * opening.cpuMs) / CONNECTIONS,
      handshakesPerSecond,
      handshakesOfCeiling: handshakesPerSecond / ceiling.handshakesPerSecond,
      hubMicrosecondsPerHandshake: (1_000 * connecting.cpuMs) / others,
      attachesPerSecond: others / attaching.seconds,
      hubMicrosecondsPerAttach: (1_000 * attaching.cpuMs) / others,
      secondsUntilAllAreBack: connecting.seconds + attaching.seconds,
      bytesPerChannel: (empty - bare) / CONNECTIONS,
      bytesPerConnectionBeforeAttach: (connected - empty) / others,
      bytesPerConnection,
      hubMegabytesUncollected: uncollected / 2 ** 20,
      hubMegabytes: attached / 2 ** 20,
      active: ACTIVE,
      [`${ACTIVE} connections`]: alone,
      [`${CONNECTIONS} connections`]: among,
      limits: {
        bytesPerConnection: `${bytesPerConnection.toFixed(0)} of ${LIMITS.bytesPerConnection}`,
        p99OfAlone: `${p99OfAlone.toFixed(2)} of ${LIMITS.p99OfAlone}`,
        isMet: bytesPerConnection <= LIMITS.bytesPerConnection && p99OfAlone <= LIMITS.p99OfAlone,
      },
    })
  } finally {
    await fleet.stop()
  }
} finally {
  await hub.stop()
  rmSync(dir, { recursive: true, force: true })
}

/** A process that has done nothing has no room left over that those who come would be put into. */
async function startAnew(): Promise<void> {
  await hub.halt()
  await hub.restart()
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
}

/** The first few clients pay, so many times a second. */
function measureActive(fleet: LoadFleet) {
  const pace = { kind: 'paced', perSecond: ACTIVE * ACTIVE_PER_SECOND } as const
  const extent = { payers: ACTIVE, milliseconds: MEASURED_MS }
  return measureLoad({ hub, fleet }, { perProof: 1, pace }, extent)
}

/** Seconds that `work` takes, and processor time of the hub meanwhile. */
async function timedUse(work: () => Promise<void>) {
  const before = await hub.usage()
  const started = performance.now()
  await work()
  const seconds = (performance.now() - started) / 1_000
  return { seconds, cpuMs: (await hub.usage()).cpuMs - before.cpuMs }
}
