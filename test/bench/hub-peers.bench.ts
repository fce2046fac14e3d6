import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Figures, PROFILE_DIR, progress, report, SCALE } from './benchmark.js'
import { HubUnderLoad } from './hub-load/hub-under-load.js'
import { latencyFigures } from './hub-load/latency.js'
import { LoadFleet } from './hub-load/load-fleet.js'
import { machineCeiling } from './hub-load/machine-ceiling.js'
import { measureLoad } from './hub-load/measure-load.js'
import { IlpConnectorHub } from './peers/ilp-connector-hub.js'
import { IlpLoadFleet } from './peers/ilp-load-fleet.js'
import { type InstalledPeer, installPeer } from './peers/installed-peer.js'
import { measurePeer } from './peers/measure-peer.js'

/*
 * The same job through our hub and through one that others have published: a payer promises against a hash,
 * the hub carries on, the payee shows the preimage, the payer hears of it. Both run at once, and are measured
 * in turns: as many clients, in as many processes, with as many payments under way, over one socket each.
 *
 * The hubs do not promise the same; what each does is said beside its figures.
 */

const CHANNELS = [...new Set([10, Math.max(10, Math.round(100 * SCALE))])]
/** Payments that each client has under way when the hub is busy. */
const IN_FLIGHT_EACH = 10
const MEASURED_MS = Math.max(2_000, Math.round(10_000 * SCALE))
const LONE_PAYMENTS = Math.max(20, Math.round(200 * SCALE))
const CEILING_MS = Math.max(500, Math.round(2_000 * SCALE))
const LOAD_PROCESSES = 2

/** What a payer can rely on when it is told that it has paid, as the sources say. */
const PROMISES = {
  ours: {
    durableBeforeThePayerIsTold:
      'the promise of the payer, that of the hub to the payee, and the preimage, each by a synced commit before anything follows from it',
    signatures: 'one by the payer per payment here; by the hub one per commit',
    disputes: 'what was promised is enforced on the ledger by hash lock, without the hub',
  },
  'ilp-connector': {
    durableBeforeThePayerIsTold:
      'nothing: balances are numbers in memory (middlewares/balance), whatever store is configured, and begin at 0 after a restart',
    signatures: 'none: an account is known by the secret that its connection began with',
    disputes:
      'none: what is owed is credit until a plugin settles it; ilp-plugin-btp settles nothing',
  },
} as const

async function compare(
  peer: InstalledPeer,
  dir: string,
  channels: number,
): Promise<{ readonly [name: string]: Figures }> {
  const ours = await HubUnderLoad.start(join(dir, 'ours'), channels, { profileDir: PROFILE_DIR })
  const fleets: { stop(): Promise<void> }[] = []
  let theirs: IlpConnectorHub | undefined
  try {
    progress(`opening ${channels} channels`)
    await ours.openUntil(channels)
    const { url, chainId, key: hub, clients } = ours
    const fleet = await LoadFleet.start(LOAD_PROCESSES, { url, chainId, hub, clients })
    fleets.push(fleet)
    await fleet.connect(channels)
    await fleet.attach()
    theirs = await IlpConnectorHub.start(peer, join(dir, 'ilp-connector.log'), channels)
    const theirFleet = await IlpLoadFleet.start(LOAD_PROCESSES, theirs.accounts)
    fleets.push(theirFleet)
    await theirs.isReady()

    const lone = {
      ours: latencyFigures((await fleet.payAlone(LONE_PAYMENTS)).latencies),
      'ilp-connector': latencyFigures((await theirFleet.payAlone(LONE_PAYMENTS)).latencies),
    }
    const found: Record<string, Figures> = { 'lone payment': lone }
    // One in each process of the load, and so many that a hub is never without work.
    for (const inFlight of [LOAD_PROCESSES, IN_FLIGHT_EACH * channels]) {
      const plan = { perProof: 1, pace: { kind: 'full', inFlight } } as const
      const extent = { payers: channels, milliseconds: MEASURED_MS }
      const of = { hub: ours, fleet }
      const our = await measureLoad(of, plan, extent)
      const their = await measurePeer({ hub: theirs, fleet: theirFleet }, inFlight, MEASURED_MS)
      const rates = [our, their].map(({ paymentsPerSecond }) => `${paymentsPerSecond | 0}/s`)
      progress(`${channels} channels, ${inFlight} under way: ours ${rates.join(', theirs ')}`)
      found[`${inFlight} under way`] = {
        ours: our,
        'ilp-connector': their,
        rateOfOursToTheirs: our.paymentsPerSecond / their.paymentsPerSecond,
      }
    }
    return found
  } finally {
    await Promise.all(fleets.map((fleet) => fleet.stop()))
    await theirs?.stop()
    await ours.stop()
  }
}

const dir = mkdtempSync(join(tmpdir(), 'tallystick-peers-'))
try {
  const peer = installPeer('ilp-connector', join(dir, 'ilp-connector'))
  progress('measuring the machine')
  const ceiling = await machineCeiling(CEILING_MS)
  const figures: Record<string, Figures> = {}
  for (const channels of CHANNELS) {
    const place = join(dir, `${channels}`)
    figures[`${channels} channels`] = await compare(peer, place, channels)
  }
  report('hub-peers', {
    versions: peer.versions,
    promises: PROMISES,
    ceiling,
    ...figures,
  })
} finally {
  rmSync(dir, { recursive: true, force: true })
}
