import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  type ChannelId,
  concatBytes,
  encode,
  type ItemId,
  type Message,
  messageCodec,
} from '@tallystick/protocol'
import { HubUnderLoad } from '../bench/hub-load/hub-under-load.js'
import { LoadClient } from '../bench/hub-load/load-client.js'
import { PaymentLoad } from '../bench/hub-load/payment-load.js'
import { RawClient } from '../hub/raw-client.js'
import { Flooder } from './flooder.js'

/** What an honest pair pays to each other while all others flood. */
const PAYMENTS = 200
/** More than a hub has with nothing to do, and far less than what is thrown at it. */
const RESIDENT_BYTES_MAX = 512 * 1_048_576

describe('INV-45 INV-46 WIRE-9 an overloaded hub', () => {
  test('settles every payment of an honest pair, bounds its memory and loses nothing', async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'tallystick-overload-'))
    const hub = await HubUnderLoad.start(dir, 10)
    const flooders: Flooder[] = []
    const strangers: RawClient[] = []
    t.after(async () => {
      for (const flooder of flooders) flooder.stop()
      for (const { socket } of strangers) socket.destroy()
      await hub.stop()
      rmSync(dir, { recursive: true, force: true })
    })
    await hub.openUntil(10)
    const { url, clients } = hub

    const load = new PaymentLoad(new Uint8Array(8))
    const pair = clients.slice(0, 2).map((name) => {
      return new LoadClient({ ...name, url, chainId: hub.chainId, hub: hub.key, events: load })
    })
    for (const client of pair) {
      await client.connect()
      await client.attach()
    }

    const port = Number(new URL(url).port)
    for (let i = 0; i < 60; i++) {
      // Half of them ask for a session and say nothing, the others ask for nothing.
      strangers.push(await (i % 2 === 0 ? RawClient.upgrade(port) : RawClient.connect(port)))
    }
    const frames = clients.slice(2, 9).map((name, i) => {
      const flooder = new Flooder({ ...name, url, isReading: i % 2 === 0 })
      flooders.push(flooder)
      return { flooder, frame: floodOf(i, name.channel) }
    })
    const [last] = clients.slice(9)
    assert.ok(last !== undefined)
    const breaker = new Flooder({ ...last, url, isReading: true })
    flooders.push(breaker)
    const started = performance.now()
    const work = [
      ...frames.map(({ flooder, frame }) => flooder.flood(frame)),
      breaker.breakRules().then(() => 1),
    ]

    load.clients = pair
    load.start({ perProof: 1, pace: { kind: 'full', inFlight: 8 } })
    let paid = 0
    let most = 0
    const look = () => {
      const { latencies, declined } = load.take()
      paid += latencies.length
      assert.equal(declined, 0)
      return hub.usage().then(({ residentBytes }) => {
        most = Math.max(most, residentBytes)
      })
    }
    const isOver = () => paid >= PAYMENTS && frames[0]?.flooder.codes.includes('too_many_errors')
    while (!isOver()) {
      await look()
      await new Promise(setImmediate)
    }
    load.stop()
    while (load.pending > 0) await new Promise(setImmediate)
    await look()
    for (const flooder of flooders) flooder.stop()
    const flooded = await Promise.all(work)
    t.diagnostic(`${paid} payments beside ${flooded.join(' ')} frames of 250; ${most} bytes`)

    for (const client of pair) client.settle()
    while (pair.some((client) => !client.isQuiet)) await new Promise(setImmediate)
    const sums = pair.map(({ transferred }) => transferred)
    load.checkBooks(
      sums.reduce((sum, each) => sum + each.paid, 0n),
      sums.reduce((sum, each) => sum + each.received, 0n),
    )
    for (const client of pair) assert.equal(client.faultOfPeer(), undefined)
    for (const client of pair) client.leave()
    assert.ok(most < RESIDENT_BYTES_MAX, `${most} bytes`)
    // Whoever forged a signature was told, and had to wait for 10 s each time from then on.
    assert.equal(breaker.codes[0], 'bad_proof_signature')
    const forged = breaker.codes.filter((code) => code === 'bad_proof_signature').length
    const rests = Math.floor((performance.now() - started) / 10_000)
    assert.ok(forged <= 1 + rests, `${forged} in ${rests} times 10 s`)
    assert.ok(breaker.codes.includes('attach_too_soon'), breaker.codes.join(' '))
    // Nor does it go on for whoever says what changes nothing.
    assert.ok(frames[0]?.flooder.codes.includes('attach_too_soon'))
  })
})

/** 250 messages that are heard, and lead to nothing. */
function floodOf(kind: number, channel: ChannelId): Uint8Array {
  const id = '00'.repeat(16) as ItemId
  const known = { index: 1, link: new Uint8Array(32) }
  const said: Message[] = [
    { kind: 'stored', channel, version: 0 },
    { kind: 'claim', channel, id, known },
    { kind: 'decline', channel, id, code: 'declined' },
  ]
  const message = said[kind % said.length]
  assert.ok(message !== undefined)
  return concatBytes(...Array.from({ length: 250 }, () => encode(messageCodec, message)))
}
