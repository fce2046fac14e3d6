import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { channelFeeTransaction, finalizeTransaction } from '@tallystick/client-sdk'
import {
  amount,
  anchorOf,
  BLOCK_COST_MAX,
  balanceProofDigest,
  type Channel,
  encode,
  exitCost,
  exitReserveMin,
  type ItemId,
  isClosing,
  isRejection,
  LANE_START,
  type LaneState,
  type Operation,
  type Reveal,
  type SignedLane,
  signEvidence,
  TIMESTAMP_MAX,
  timestamp,
  transactionCodec,
} from '@tallystick/protocol'
import { CLASS_SIXTEENTHS } from '#settlement/mempool/traffic-class.js'
import { HUB } from '../settlement/test-ledger.js'
import { progress, report, SCALE } from './benchmark.js'
import { clientOf, DEPOSIT, FEE_PER_KILO_COST, MassLedger, TERMS } from './mass-ledger.js'

/*
 * The hub is gone, or lies, and all of its channels are left at once, while other traffic that pays
 * twice the least fee fills every block: so those that leave have no more than what is kept for
 * disputes (MEM-5, MEM-6). A real node with its store and mempool, blocks of one ledger second.
 *
 * `leave`: every client closes alone, half of them revealing a preimage, and everything is finalized.
 * `lie`: the hub closes every channel with a state from before it paid anything; every client answers,
 * half of them reveal a preimage besides, and everything is finalized. At the end every client must
 * have been paid what it was owed. What the blocks took says how long windows have to be.
 */

const CHANNELS = Math.max(16, Math.round(10_000 * SCALE))
/** What the hub has paid each client for sure, and what every second one has with an item. */
const PAID = 400_000n
const ITEM = 50_000n
const EXPIRY_SECONDS = 3_000

function preimageOf(client: number): Uint8Array {
  return new Uint8Array(32).map((_, byte) => (client >>> (8 * (byte % 4))) & 0xff)
}

function hasItem(client: number): boolean {
  return client % 2 === 1
}

/** What the hub has signed for each client, in batches as a hub does. */
function hubProofs(ledger: MassLedger, channels: readonly Channel[]): SignedLane[] {
  const expiry = timestamp(ledger.time + EXPIRY_SECONDS)
  const lanes = channels.map((_, client): LaneState => {
    const anchor = anchorOf(preimageOf(client), 1)
    const id = client.toString(16).padStart(32, '0') as ItemId
    const item = { id, anchor, unit: amount(ITEM), ticks: 1, paid: 0, expiry }
    const items = hasItem(client) ? [item] : []
    return { ...LANE_START, version: 1, transferred: amount(PAID), items }
  })
  const digests = channels.map(({ id }, client) =>
    balanceProofDigest(ledger.chainId, id, 'hub', lanes[client] ?? LANE_START),
  )
  const signed = signEvidence(ledger.chainId, HUB, digests)
  return lanes.map((lane, client) => {
    const evidence = signed[client]
    if (evidence === undefined) throw new Error('a batch signature has evidence for each digest')
    return { lane, evidence }
  })
}

/** A transaction of one client on its channel, which pays for it. */
function byClient(
  ledger: MassLedger,
  channel: Channel,
  client: number,
  operations: readonly Operation[],
  reveals: readonly Reveal[],
): Uint8Array {
  const built = channelFeeTransaction({
    ...{ chainId: ledger.chainId, channel: channel.number, role: 'client' },
    ...{ signer: clientOf(client), operations, reveals, feePerKiloCost: FEE_PER_KILO_COST },
    ...{ validFrom: timestamp(0), validUntil: TIMESTAMP_MAX },
  })
  if (isRejection(built)) throw new Error(built.detail)
  return encode(transactionCodec, built.transaction)
}

function revealsOf(client: number): Reveal[] {
  return hasItem(client) ? [{ index: 1, link: preimageOf(client) }] : []
}

async function withLedger<T>(work: (ledger: MassLedger) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'tallystick-mass-'))
  const ledger = await MassLedger.open(dir, CHANNELS)
  try {
    return await work(ledger)
  } finally {
    await ledger.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Waits out the window, has all finalized under load, and holds the payouts against what was owed. */
async function finalizeAll(ledger: MassLedger, channels: readonly Channel[]) {
  const latest = channels.reduce((last, { number }) => {
    const { status } = ledger.channel(number) ?? { status: { kind: 'open' } as const }
    return status.kind === 'closing' ? Math.max(last, status.deadline) : last
  }, 0)
  await ledger.passTime(latest)
  await ledger.fill()
  const finals = channels.map(({ number }) =>
    encode(transactionCodec, finalizeTransaction(number, 0)),
  )
  return ledger.include('finalize', finals)
}

/** How much above what it was owed, less the reserve, the client was paid that came off worst. */
async function worstPaid(ledger: MassLedger, owed: (client: number) => bigint): Promise<bigint> {
  let worst = DEPOSIT
  for (let client = 0; client < CHANNELS; client++) {
    const over = (await ledger.paidOut(client)) - (owed(client) - TERMS.exitReserve)
    if (over < worst) worst = over
  }
  return worst
}

const left = await withLedger(async (ledger) => {
  progress(`opening ${CHANNELS} channels`)
  const channels = await ledger.openChannels()
  const proofs = hubProofs(ledger, channels)
  const closes = channels.map((channel, client) => {
    const own = LANE_START
    const close = { kind: 'forceClose', channel: channel.number, by: 'client', own } as const
    const rest = { unsure: false, resume: undefined, peer: proofs[client] }
    return byClient(ledger, channel, client, [{ ...close, ...rest }], revealsOf(client))
  })
  await ledger.fill()
  const closing = await ledger.include('leave', closes)
  const finalized = await finalizeAll(ledger, channels)
  const shortest = await worstPaid(ledger, (client) => PAID + (hasItem(client) ? ITEM : 0n))
  return { closing, finalized, shortest }
})

const lied = await withLedger(async (ledger) => {
  const channels = await ledger.openChannels()
  const proofs = hubProofs(ledger, channels)
  await ledger.closeByHub(channels)
  const deadlines = channels.map(({ number }) => {
    const channel = ledger.channel(number)
    return channel !== undefined && isClosing(channel) ? channel.status.deadline : 0
  })
  const answers = channels.map((channel, client) => {
    const proof = proofs[client]
    const none = { own: undefined, resume: undefined, guard: undefined }
    const answer = { kind: 'challenge', channel: channel.number, proof, ...none } as const
    return byClient(ledger, channel, client, [answer], [])
  })
  await ledger.fill()
  const answered = await ledger.include('answer', answers)
  const reveals = channels.flatMap((channel, client) =>
    hasItem(client) ? [byClient(ledger, channel, client, [], revealsOf(client))] : [],
  )
  const revealed = await ledger.include('reveal', reveals)
  const inWindow = answered.lastTime <= Math.min(...deadlines)
  const finalized = await finalizeAll(ledger, channels)
  const shortest = await worstPaid(ledger, () => DEPOSIT)
  return { answered, revealed, finalized, inWindow, shortest }
})

/** Blocks that `count` transactions of `cost` take of what is kept for disputes. */
function blocksFor(count: number, cost: number): number {
  return Math.ceil((count * cost * 16) / (BLOCK_COST_MAX * CLASS_SIXTEENTHS.dispute))
}

const { timeStepSecondsMax } = MassLedger.PARAMETERS
const perAnswer = lied.answered.costEach + lied.revealed.costEach
/** The dearest of all: both lanes full, and a preimage for every item (CH-9). */
const dearest = exitCost(TERMS)
const windows = (cost: number) => ({
  for10000Seconds: blocksFor(10_000, cost) * timeStepSecondsMax,
  for100000Seconds: blocksFor(100_000, cost) * timeStepSecondsMax,
})
const blocksExpected = blocksFor(CHANNELS, lied.answered.costEach) + 2
const isPaid = left.shortest >= 0n && lied.shortest >= 0n

report(
  'mass-exit',
  {
    channels: CHANNELS,
    leave: { close: left.closing.figures, finalize: left.finalized.figures },
    lie: {
      answer: lied.answered.figures,
      reveal: lied.revealed.figures,
      finalize: lied.finalized.figures,
    },
    reserve: Number(exitReserveMin(TERMS, FEE_PER_KILO_COST)),
    windowAtTheLargestTimeStep: {
      asMeasured: { costEach: perAnswer, ...windows(perAnswer) },
      dearestExit: { costEach: dearest, ...windows(dearest) },
    },
    limits: {
      everybodyPaid: isPaid,
      everyAnswerInTheWindow: lied.inWindow,
      blocksToAnswer: `${lied.answered.figures.blocks} of ${blocksExpected}`,
      isMet: isPaid && lied.inWindow && lied.answered.figures.blocks <= blocksExpected,
    },
  },
  'any size',
)
