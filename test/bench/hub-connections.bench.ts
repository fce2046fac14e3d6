import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PROFILE_DIR, progress, report, SCALE } from './benchmark.js'
import { HubUnderLoad } from './hub-load/hub-under-load.js'
import { LoadFleet } from './hub-load/load-fleet.js'
import { measureLoad } from './hub-load/measure-load.js'

/*
 * Clients that are there and say nothing, as most of them do most of the time: each one authenticated,
 * with its channel attached. What does holding them cost, how fast do they come, and what do those few
 * notice that pay meanwhile?
 */

const CONNECTIONS = Math.max(100, Math.round(10_000 * SCALE))
/** Of the connections. */
const ACTIVE_SHARE = 0.01
/** Payments of each active client. */
const ACTIVE_PER_SECOND = 2
const MEASURED_MS = Math.max(3_000, Math.round(20_000 * SCALE))
const LOAD_PROCESSES = 2

const dir = mkdtempSync(join(tmpdir(), 'tallystick-connections-'))
const hub = await HubUnderLoad.start(dir, CONNECTIONS, {
  profileDir: PROFILE_DIR,
  isInspected: true,
})
try {
  const bare = await hub.residentBytes()
  progress(`opening ${CONNECTIONS} channels`)
  const opening = await timedUse(() => hub.openUntil(CONNECTIONS))
  const { url, chainId, key, clients } = hub
  const fleet = await LoadFleet.start(LOAD_PROCESSES, { url, chainId, hub: key, clients })
  try {
    const empty = await hub.residentBytes()
    const connecting = await timedUse(() => fleet.connect(CONNECTIONS))
    const connected = await hub.residentBytes()
    const attaching = await timedUse(() => fleet.attach())
    const attached = await hub.residentBytes()
    const payers = Math.max(4, Math.round(CONNECTIONS * ACTIVE_SHARE))
    progress(`${payers} of them pay`)
    const pace = { kind: 'paced', perSecond: payers * ACTIVE_PER_SECOND } as const
    const load = await measureLoad(
      { hub, fleet },
      { perProof: 1, pace },
      { payers, milliseconds: MEASURED_MS },
    )
    const { sessions } = await hub.statistics()
    if (sessions !== CONNECTIONS) throw new Error(`${sessions} of ${CONNECTIONS} are still there`)
    report('hub-connections', {
      connections: CONNECTIONS,
      channelsOpenedPerSecond: CONNECTIONS / opening.seconds,
      hubMicrosecondsPerOpening: (1_000 * opening.cpuMs) / CONNECTIONS,
      handshakesPerSecond: CONNECTIONS / connecting.seconds,
      hubMicrosecondsPerHandshake: (1_000 * connecting.cpuMs) / CONNECTIONS,
      attachesPerSecond: CONNECTIONS / attaching.seconds,
      hubMicrosecondsPerAttach: (1_000 * attaching.cpuMs) / CONNECTIONS,
      bytesPerChannel: (empty - bare) / CONNECTIONS,
      bytesPerConnection: (connected - empty) / CONNECTIONS,
      bytesPerAttachedConnection: (attached - empty) / CONNECTIONS,
      hubMegabytes: attached / 2 ** 20,
      active: payers,
      load,
    })
  } finally {
    await fleet.stop()
  }
} finally {
  await hub.stop()
  rmSync(dir, { recursive: true, force: true })
}

/** Seconds that `work` takes, and processor time of the hub meanwhile. */
async function timedUse(work: () => Promise<void>) {
  const before = await hub.usage()
  const started = performance.now()
  await work()
  const seconds = (performance.now() - started) / 1_000
  return { seconds, cpuMs: (await hub.usage()).cpuMs - before.cpuMs }
}
