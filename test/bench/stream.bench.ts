import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { openSqliteStore } from '@tallystick/client-sdk/node'
import {
  amount,
  type Channel,
  type ChannelParty,
  confirmStored,
  decodeTrusted,
  draftChange,
  draftDigest,
  encode,
  hasDraft,
  ITEM_TICKS_MAX,
  type ItemId,
  invariant,
  isRejection,
  type Message,
  messageCodec,
  newParty,
  parseTickFrame,
  receiveClaim,
  receiveUpdate,
  seal,
  sha256,
  signEvidence,
  type TickFrame,
  tickFrameCodec,
} from '@tallystick/protocol'
import { PROCESS_CLOCK } from '#client-sdk/clock.js'
import { REDEEM_POLICY } from '#client-sdk/stream/redeem-policy.js'
import { StreamDesk } from '#client-sdk/stream/stream-desk.js'
import { TickChain } from '#client-sdk/stream/tick-chain.js'
import { WalletLoop } from '#client-sdk/wallet/wallet-loop.js'
import { WalletState } from '#client-sdk/wallet/wallet-state.js'
import { CHAIN, NOW, SIGNERS, testChannel } from '../protocol/test-channel.js'
import { progress, report, SCALE } from './benchmark.js'

/*
 * A payee that takes ticks of 32 streams, 16 to a frame: parsed, checked against each chain, and redeemed in the
 * background as any wallet does it (its own loop, a SQLite file, synced, and a hub that pays, in a process of
 * its own), until the hub has paid every tick. First each tick of a frame is of another stream, one hash each;
 * then a frame holds one tick that is 16 further. Ticks per core count all processor time of the payee.
 */

const STREAMS = 32
const TICKS = Math.max(64, Math.round(ITEM_TICKS_MAX * SCALE))
const PER_FRAME = 16
/** Frames that are taken before anything else of the process has its turn. */
const TURN = 64
const LIMIT = 500_000

type Kind = 'a tick of each of 16 streams' | 'one tick, 16 further'
const KINDS: readonly Kind[] = ['a tick of each of 16 streams', 'one tick, 16 further']

const idOf = (stream: number) => stream.toString(16).padStart(32, '0') as ItemId
const seedOf = (stream: number) => new Uint8Array(32).fill(stream + 1)
const channel: Channel = testChannel({ hub: 2n ** 40n, terms: { itemsMax: 64 } })
const expiry = (NOW + 900) as typeof NOW

/** The hub's end of the channel: promises the streams, and pays what is claimed. */
function actAsHub(): void {
  const chains = Array.from({ length: STREAMS }, (_, i) => new TickChain(seedOf(i), TICKS))
  let party: ChannelParty = newParty('hub', channel)
  const say = () => {
    if (!hasDraft(party)) return
    const [evidence] = signEvidence(CHAIN, SIGNERS.hub, [draftDigest(CHAIN, party)])
    invariant(evidence !== undefined, 'one digest has one signature')
    const sealed = seal(party, evidence)
    party = sealed.party
    process.send?.(encode(messageCodec, { kind: 'update', ...sealed.update }))
  }
  for (const [i, { anchor, ticks }] of chains.entries()) {
    const terms = { id: idOf(i), anchor, unit: amount(1n), ticks, expiry, forward: undefined }
    const drafted = draftChange(party, { kind: 'add', ...terms }, NOW)
    invariant(!isRejection(drafted), 'the hub has room for the streams')
    party = drafted as ChannelParty
  }
  say()
  process.on('message', (bytes: readonly Uint8Array[]) => {
    for (const each of bytes) {
      const message = decodeTrusted(messageCodec, each)
      if (message.kind === 'stored') party = confirmStored(party, message.version)
      if (message.kind === 'update') {
        const { kind: _, ...update } = message
        const received = receiveUpdate(CHAIN, party, update, NOW)
        if (received.kind === 'received') party = received.party
      }
      if (message.kind !== 'claim') continue
      const claimed = receiveClaim(party, message, NOW)
      if (claimed.kind === 'claimed') party = claimed.party
    }
    say()
  })
}

/** All frames that pay every tick, as bytes, in the order of the ticks. */
function framesOf(kind: Kind): Uint8Array[] {
  const chains = Array.from({ length: STREAMS }, (_, i) => new TickChain(seedOf(i), TICKS))
  const frames: Uint8Array[] = []
  const say = (ticks: TickFrame['ticks']) =>
    frames.push(encode(tickFrameCodec, { ticks, closes: false }))
  const tickOf = (chain: TickChain, index: number) => {
    return { anchor: chain.anchor, index, link: chain.link(index) }
  }
  if (kind === 'one tick, 16 further') {
    for (let index = PER_FRAME; index <= TICKS; index += PER_FRAME) {
      for (const chain of chains) say([tickOf(chain, index)])
    }
    return frames
  }
  for (let index = 1; index <= TICKS - (TICKS % PER_FRAME); index++) {
    for (let from = 0; from < STREAMS; from += PER_FRAME) {
      say(chains.slice(from, from + PER_FRAME).map((chain) => tickOf(chain, index)))
    }
  }
  return frames
}

async function measure(kind: Kind) {
  progress(`chains of ${STREAMS} streams with ${TICKS} ticks`)
  const frames = framesOf(kind)
  const last = TICKS - (TICKS % PER_FRAME)
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-stream-'))
  const hub = fork(process.argv[1] ?? '', ['--hub', '--scale', `${SCALE}`], {
    serialization: 'advanced',
  })
  const stores = await openSqliteStore(join(dir, 'payee.db'))
  try {
    const saved = stores.wallet('payee')
    let commits = 0
    const paid = new Map<string, number>()
    const said: Uint8Array[] = []
    let tell = () => {}
    const state = new WalletState()
    const loop = new WalletLoop({
      state,
      store: {
        ...saved,
        commit: (writes) => {
          commits++
          return saved.commit(writes)
        },
      },
      context: () => ({
        ...{ chainId: CHAIN, now: NOW, signer: () => SIGNERS.client, nonce: new Uint8Array(16) },
        streams: { unitMin: amount(1n) },
      }),
      perform: (effect) => {
        if (effect.kind === 'send') say(effect.message)
        if (effect.kind !== 'streamChanged' || effect.stream.kind !== 'received') return
        const { stream } = effect
        paid.set(stream.anchor, stream.paid)
        if (stream.status === 'open') desk.learn(stream)
        tell()
      },
      onRefused: (_, { code }) => progress(`refused: ${code}`),
      onFault: (fault) => progress(String(fault)),
    })
    const say = (message: Message) => {
      // What one batch has to say goes out in one piece, as it does in a frame of a session.
      if (said.length === 0) queueMicrotask(() => hub.send(said.splice(0)))
      said.push(encode(messageCodec, message))
    }
    const desk = new StreamDesk({
      clock: PROCESS_CLOCK,
      now: () => NOW,
      redeem: async (redemptions) => {
        await loop.submit({ kind: 'redeemTicks', redemptions })
      },
      policy: { ...REDEEM_POLICY, amount: 2n ** 60n },
    })
    await loop.submit({ kind: 'channelSeen', channel, keyIndex: 0, books: 'whole' })
    hub.on('message', (bytes: Uint8Array) => {
      const message = decodeTrusted(messageCodec, bytes)
      loop.submit({ kind: 'heard', message }).catch((fault) => progress(String(fault)))
    })
    const until = async (holds: () => boolean) => {
      while (!holds()) {
        await new Promise<void>((resolve) => {
          tell = resolve
        })
      }
    }
    await until(() => paid.size === STREAMS)
    const [setupCommits, started, cpu] = [commits, performance.now(), process.cpuUsage()]
    for (let i = 0; i < frames.length; i++) {
      const frame = parseTickFrame(frames[i] ?? new Uint8Array())
      invariant(!isRejection(frame), 'the frames are well-formed')
      const refused = desk.take(frame as TickFrame)
      invariant(refused === undefined, 'every tick is taken')
      if (i % TURN === TURN - 1) await setImmediate()
    }
    const takenMs = performance.now() - started
    await desk.flush()
    await until(() => [...paid.values()].every((ticks) => ticks === last))
    const wallMs = performance.now() - started
    const { user, system } = process.cpuUsage(cpu)
    desk.stop()
    const ticks = STREAMS * last
    return {
      ticks,
      ticksPerSecondPerCore: (1_000_000 * ticks) / (user + system),
      ticksPerSecondTaken: (1_000 * ticks) / takenMs,
      ticksPerSecondUntilPaid: (1_000 * ticks) / wallMs,
      durableCommits: commits - setupCommits,
    }
  } finally {
    hub.kill()
    await stores.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** SHA-256 of 32 bytes, as the chains need it, a second of processor time. */
function hashesPerSecond(): number {
  let link: Uint8Array = new Uint8Array(32)
  const cpu = process.cpuUsage()
  for (let i = 0; i < 500_000; i++) link = sha256(link)
  const { user, system } = process.cpuUsage(cpu)
  return (1_000_000 * 500_000) / (user + system)
}

if (process.argv.includes('--hub')) {
  actAsHub()
} else {
  const [apart, together] = [await measure(KINDS[0] as Kind), await measure(KINDS[1] as Kind)]
  const worst = Math.min(apart.ticksPerSecondPerCore, together.ticksPerSecondPerCore)
  report('stream', {
    sha256PerSecondPerCore: hashesPerSecond(),
    [KINDS[0] as Kind]: apart,
    [KINDS[1] as Kind]: together,
    limits: {
      ticksPerSecondPerCore: `${Math.round(worst)} of ${LIMIT}`,
      isMet: worst >= LIMIT,
    },
  })
}
