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
import { installPeer } from './peers/installed-peer.js'
import { measurePeer } from './peers/measure-peer.js'
import type { PeerHub } from './peers/peer-client.js'
import { PeerLoadFleet } from './peers/peer-load-fleet.js'
import { VectorHub } from './peers/vector-hub.js'

/*
 * The same job through our hub and through those that others have published: a payer promises against a
 * hash, the hub carries on, the payee shows the preimage, the payer hears of it. All run at once, and are
 * measured in turns: as many clients, in as many processes, with as many payments under way, over a socket
 * each.
 *
 * The hubs do not promise the same; what each does is said beside its figures.
 */

const CHANNELS = [...new Set([10, Math.max(10, Math.round(100 * SCALE))])]
/** Payments that each client has under way when the hub is busy. */
const IN_FLIGHT_EACH = 10
/** A thousand payments under way take it minutes: it is measured where there are few. */
const VECTOR_CHANNELS_MAX = 10
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
  vector: {
    durableBeforeThePayerIsTold:
      'nothing: states lie in the memory store that the library brings; the SQL stores of its server are not in the registry',
    signatures:
      'both sides sign, and check, each of four updates of a payment: secp256k1 in JavaScript',
    disputes:
      'on Ethereum by hash lock, by the newest state that both signed; no chain is there in this benchmark',
  },
} as const

/** A hub that is measured beside ours, by name. */
type Peer = {
  readonly name: string
  readonly hub: PeerHub
  readonly fleet: PeerLoadFleet
}

async function compare(
  dir: string,
  channels: number,
  startPeers: readonly (readonly [name: string, start: () => Promise<PeerHub>])[],
): Promise<{ readonly [name: string]: Figures }> {
  const ours = await HubUnderLoad.start(join(dir, 'ours'), channels, { profileDir: PROFILE_DIR })
  const running: { stop(): Promise<void> }[] = []
  try {
    progress(`opening ${channels} channels`)
    await ours.openUntil(channels)
    const { url, chainId, key, clients } = ours
    const target = { url, chainId, hub: key, clients }
    const fleet = await LoadFleet.start(LOAD_PROCESSES, target)
    running.push(fleet)
    await fleet.connect(channels)
    await fleet.attach()
    const peers: Peer[] = []
    for (const [name, start] of startPeers) {
      progress(`starting ${name}`)
      const hub = await start()
      running.push(hub)
      const peerFleet = await PeerLoadFleet.start(LOAD_PROCESSES, hub.accounts)
      running.push(peerFleet)
      await hub.isReady()
      peers.push({ name, hub, fleet: peerFleet })
    }

    const lone: Record<string, Figures> = {
      ours: latencyFigures((await fleet.payAlone(LONE_PAYMENTS)).latencies),
    }
    for (const peer of peers) {
      lone[peer.name] = latencyFigures((await peer.fleet.payAlone(LONE_PAYMENTS)).latencies)
    }
    const found: Record<string, Figures> = { 'lone payment': lone }
    // One in each process of the load, and so many that a hub is never without work.
    for (const inFlight of [LOAD_PROCESSES, IN_FLIGHT_EACH * channels]) {
      const plan = { perProof: 1, pace: { kind: 'full', inFlight } } as const
      const extent = { payers: channels, milliseconds: MEASURED_MS }
      const our = await measureLoad({ hub: ours, fleet }, plan, extent)
      const row: Record<string, Figures> = { ours: our }
      const rates = [`ours ${our.paymentsPerSecond.toFixed(0)}/s`]
      for (const peer of peers) {
        const their = await measurePeer(peer, inFlight, MEASURED_MS)
        const rateOfOursToTheirs = our.paymentsPerSecond / their.paymentsPerSecond
        row[peer.name] = { ...their, rateOfOursToTheirs }
        rates.push(`${peer.name} ${their.paymentsPerSecond.toFixed(0)}/s`)
      }
      progress(`${channels} channels, ${inFlight} under way: ${rates.join(', ')}`)
      found[`${inFlight} under way`] = row
    }
    return found
  } finally {
    // Clients before their hubs: they take a connection that ends for a failure.
    for (const each of running.toReversed()) await each.stop()
    await ours.stop()
  }
}

const dir = mkdtempSync(join(tmpdir(), 'tallystick-peers-'))
try {
  const ilp = installPeer('ilp-connector', join(dir, 'ilp-connector'))
  const vector = installPeer('vector', join(dir, 'vector'))
  progress('measuring the machine')
  const ceiling = await machineCeiling(CEILING_MS)
  const figures: Record<string, Figures> = {}
  for (const channels of CHANNELS) {
    const place = join(dir, `${channels}`)
    const log = join(dir, `ilp-connector-${channels}.log`)
    figures[`${channels} channels`] = await compare(place, channels, [
      ['ilp-connector', () => IlpConnectorHub.start(ilp, log, channels)],
      ...(channels > VECTOR_CHANNELS_MAX
        ? []
        : [['vector', () => VectorHub.start(vector, channels)] as const]),
    ])
  }
  report('hub-peers', {
    versions: { ...ilp.versions, ...vector.versions },
    promises: PROMISES,
    ceiling,
    ...figures,
  })
} finally {
  rmSync(dir, { recursive: true, force: true })
}
