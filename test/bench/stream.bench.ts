import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import {
  encode,
  ITEM_TICKS_MAX,
  invariant,
  isRejection,
  parseTickFrame,
  sha256,
  type TickFrame,
  tickFrameCodec,
} from '@tallystick/protocol'
import { isHashOfLink } from '#protocol/crypto/link-hash.js'
import { progress, report, SCALE } from './benchmark.js'
import { actAsHub, chainOf, openPayee } from './stream-payee.js'

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
/** Of each stream, in the bare loop; more make it no slower. */
const BARE_TICKS_MAX = 16_384

type Kind = 'a tick of each of 16 streams' | 'one tick, 16 further'
const KINDS: readonly Kind[] = ['a tick of each of 16 streams', 'one tick, 16 further']

const COUNT = { streams: STREAMS, ticks: TICKS }

/** Bytes of a piece in which frames lie one behind the other, as a socket gives them. */
const PIECE = 65_536

/** All frames that pay every tick, as bytes, in the order of the ticks. */
function framesOf(kind: Kind): Uint8Array[] {
  const chains = Array.from({ length: STREAMS }, (_, i) => chainOf(i, TICKS))
  const frames: Uint8Array[] = []
  let [piece, used] = [new Uint8Array(0), 0]
  const say = (ticks: TickFrame['ticks']) => {
    const frame = encode(tickFrameCodec, { ticks, closes: false })
    if (used + frame.length > piece.length) [piece, used] = [new Uint8Array(PIECE), 0]
    piece.set(frame, used)
    frames.push(piece.subarray(used, used + frame.length))
    used += frame.length
  }
  if (kind === 'one tick, 16 further') {
    for (let index = PER_FRAME; index <= TICKS; index += PER_FRAME) {
      for (const chain of chains) say([chain.tick(index)])
    }
    return frames
  }
  for (let index = 1; index <= TICKS - (TICKS % PER_FRAME); index++) {
    for (let from = 0; from < STREAMS; from += PER_FRAME) {
      say(chains.slice(from, from + PER_FRAME).map((chain) => chain.tick(index)))
    }
  }
  return frames
}

async function measure(kind: Kind) {
  progress(`chains of ${STREAMS} streams with ${TICKS} ticks`)
  const frames = framesOf(kind)
  const last = TICKS - (TICKS % PER_FRAME)
  const payee = await openPayee(COUNT, ['--scale', `${SCALE}`])
  try {
    const { desk } = payee
    const [setupCommits, started, cpu] = [payee.commits(), performance.now(), process.cpuUsage()]
    for (let i = 0; i < frames.length; i++) {
      const frame = parseTickFrame(frames[i] ?? new Uint8Array())
      invariant(!isRejection(frame), 'the frames are well-formed')
      const refused = desk.take(frame as TickFrame)
      invariant(refused === undefined, 'every tick is taken')
      if (i % TURN === TURN - 1) await setImmediate()
    }
    const takenMs = performance.now() - started
    await desk.flush()
    await payee.paidAll(last)
    const wallMs = performance.now() - started
    const { user, system } = process.cpuUsage(cpu)
    const ticks = STREAMS * last
    return {
      ticks,
      ticksPerSecondPerCore: (1_000_000 * ticks) / (user + system),
      ticksPerSecondTaken: (1_000 * ticks) / takenMs,
      ticksPerSecondUntilPaid: (1_000 * ticks) / wallMs,
      durableCommits: payee.commits() - setupCommits,
    }
  } finally {
    await payee.close()
  }
}

/**
 * The least that a payee has to do for the same ticks, a second of processor time: one hash each, compared with the
 * tick before it, and the newest of all streams synced to a file as often as the payee redeems.
 */
function bareTicksPerSecond(durableCommits: number): number {
  const last = Math.min(TICKS, BARE_TICKS_MAX)
  const chains = Array.from({ length: STREAMS }, (_, i) => chainOf(i, TICKS))
  const links = Array.from({ length: last + 1 }, (_, index) =>
    chains.map((chain) => chain.tick(index).link),
  )
  const everyTicks = Math.ceil(TICKS / durableCommits)
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-bare-'))
  const file = openSync(join(dir, 'tips'), 'w')
  const cpu = process.cpuUsage()
  const tips = [...(links[0] ?? [])]
  for (let index = 1; index <= last; index++) {
    for (const [stream, link] of (links[index] ?? []).entries()) {
      invariant(isHashOfLink(link, 1, tips[stream] ?? link), 'every tick is right')
      tips[stream] = link
    }
    if (index % everyTicks !== 0) continue
    writeSync(file, Buffer.concat(tips.map((tip) => tip.toBytes())), 0, STREAMS * 32, 0)
    fdatasyncSync(file)
  }
  const { user, system } = process.cpuUsage(cpu)
  closeSync(file)
  rmSync(dir, { recursive: true })
  return (1_000_000 * STREAMS * last) / (user + system)
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
  actAsHub(COUNT)
} else {
  const [apart, together] = [await measure(KINDS[0] as Kind), await measure(KINDS[1] as Kind)]
  const worst = Math.min(apart.ticksPerSecondPerCore, together.ticksPerSecondPerCore)
  const bare = bareTicksPerSecond(apart.durableCommits)
  report('stream', {
    sha256PerSecondPerCore: hashesPerSecond(),
    bareTicksPerSecondPerCore: bare,
    partOfBareLoop: apart.ticksPerSecondPerCore / bare,
    [KINDS[0] as Kind]: apart,
    [KINDS[1] as Kind]: together,
    limits: {
      ticksPerSecondPerCore: `${Math.round(worst)} of ${LIMIT}`,
      isMet: worst >= LIMIT,
    },
  })
}
