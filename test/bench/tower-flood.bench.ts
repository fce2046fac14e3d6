import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CoinSpend, KeyCoins, LedgerClient, TowerSession } from '@tallystick/client-sdk'
import { openWsSocket } from '@tallystick/client-sdk/node'
import {
  amount,
  balanceProofDigest,
  type Channel,
  deriveKeys,
  type Entrusted,
  encode,
  entrust,
  exitReserveMin,
  isRejection,
  keyLock,
  LANE_START,
  type LaneState,
  type LockRoot,
  lockRoot,
  newParty,
  type Operation,
  type PublicKey,
  type Signer,
  signEvidence,
  signerFromSeed,
  timestamp,
  transactionCodec,
} from '@tallystick/protocol'
import { commandJson, startLocalNetwork } from '#scripts/network/local-network.js'
import { SupervisedProcess } from '#scripts/network/supervised-process.js'
import { progress, report, SCALE } from './benchmark.js'

/** Flood & Loot (INV-49): a hub closes all its channels at once with old states; their owners sleep. */
const CHANNELS = Math.max(16, Math.round(10_000 * SCALE))
const WINDOW_SECONDS = 3_600
const FEE_PER_KILO_COST = 1_000
const ONE = 1_000_000n
/** Operations of one transaction: of openings, and of force closes. */
const [OPENS, CLOSES] = [500, 200]
const TOWER = new URL('../../../watchtower/dist/command/watchtower.js', import.meta.url)

const dir = mkdtempSync(join(tmpdir(), 'tallystick-flood-'))
const bank = deriveKeys(new Uint8Array(32).fill(1)).payout(0)
const hub = signerFromSeed(new Uint8Array(32).fill(2))
const ownerOf = (i: number): Signer => {
  const seed = new Uint8Array(32).fill(3)
  new DataView(seed.buffer).setUint32(0, i)
  return signerFromSeed(seed)
}
const lockOf = ({ publicKey }: Signer) => lockRoot(keyLock(publicKey))

const towerDir = join(dir, 'tower')
const facts = commandJson(TOWER, ['init', '--data', towerDir]) as {
  readonly tower: PublicKey
  readonly payout_lock: LockRoot
}
const fatal = (error: Error) => {
  throw error
}
const network = await startLocalNetwork({
  ...{ dataDir: dir, network: 'flood', ledgerPort: 0, hubPort: 0, hubFunds: ONE },
  asset: { code: 'GBP', decimals: 6, feePerKiloCost: FEE_PER_KILO_COST },
  allocations: [
    ...Array.from({ length: 8 + Math.ceil(CHANNELS / CLOSES) }, () => ({
      lock: lockOf(bank),
      amount: 1_000_000n * ONE,
    })),
    { lock: facts.payout_lock, amount: 100_000n * ONE },
  ],
  ...{ blockIntervalMs: 1_000, gatherMs: 50, disputeWindowSeconds: WINDOW_SECONDS },
  ...{ onRestart: () => undefined, onFatal: fatal },
})
const tower = await SupervisedProcess.start(
  {
    ...{ name: 'tower', script: TOWER, port: 0, onRestart: () => undefined },
    args: ['run', '--stop-with-parent', '--data', towerDir, '--ledger', network.ledgerUrl],
    ...{ logFile: join(dir, 'tower.log'), pidFile: join(dir, 'tower.pid') },
  },
  fatal,
)
try {
  await flood()
} finally {
  await tower.process.stop()
  await network.stop()
  rmSync(dir, { recursive: true, force: true })
}

async function flood(): Promise<void> {
  const ledger = await LedgerClient.connect({ url: network.ledgerUrl, openSocket: openWsSocket })
  const coins = new KeyCoins(ledger, bank, 0)
  const include = async (spend: CoinSpend) => {
    const built = await coins.spend(spend)
    if (isRejection(built)) throw new Error(built.detail)
    await ledger.confirmed(built.id)
    return built
  }
  progress(`opening ${CHANNELS} channels`)
  for (const numbers of chunks(CHANNELS, OPENS)) await include({ operations: numbers.map(opening) })
  const session = await TowerSession.open({
    url: `${tower.listening.url.replace('http', 'ws')}/v1/session`,
    ...{ chainId: ledger.chainId, key: facts.tower, openSocket: openWsSocket },
  })
  progress('handing them over')
  const handing = performance.now()
  for (const numbers of chunks(CHANNELS, 16)) {
    await Promise.all(
      numbers.map(async (i) => {
        const { value: channel } = await ledger.channel(i)
        if (channel === undefined) throw new Error(`there is no channel ${i}`)
        // Numbers follow the openings, which are in the order of the owners.
        const entrusted = entrustedOf(ledger, channel, ownerOf(i))
        const answer = await session.ask({ kind: 'entrust', entrusted }, ownerOf(i))
        if (answer.kind !== 'kept') throw new Error(JSON.stringify(answer))
      }),
    )
  }
  const handedMs = performance.now() - handing
  session.close()

  progress('closing all of them with old states')
  const { height: before } = await ledger.refresh()
  const seen = new Map<number, { closed: number; challenged: number }>()
  const stop = new AbortController()
  const [totals, bytes] = [{ closed: 0, challenged: 0, transactions: 0 }, { challenges: 0 }]
  const following = ledger.follow({
    from: before + 1,
    signal: stop.signal,
    onBlock: ({ header, transactions }) => {
      const of = { closed: 0, challenged: 0 }
      for (const transaction of transactions) {
        const kinds = transaction.body.operations.map(({ kind }) => kind)
        of.closed += kinds.filter((kind) => kind === 'forceClose').length
        const challenges = kinds.filter((kind) => kind === 'challenge').length
        if (challenges === 0) continue
        of.challenged += challenges
        totals.transactions++
        bytes.challenges += encode(transactionCodec, transaction).length
      }
      seen.set(header.height, of)
      totals.closed += of.closed
      totals.challenged += of.challenged
      if (totals.challenged >= CHANNELS) stop.abort()
    },
  })
  const started = performance.now()
  await Promise.all(
    chunks(CHANNELS, CLOSES).map(async (numbers) => {
      const spent = await coins.spend({ operations: numbers.map(lie), signers: [hub] })
      if (isRejection(spent)) throw new Error(spent.detail)
    }),
  )
  await following
  const answeredMs = performance.now() - started
  const heights = (kind: 'closed' | 'challenged') =>
    [...seen].filter(([, of]) => of[kind] > 0).map(([height]) => height)
  const [firstClose = 0] = heights('closed')
  const lastClose = heights('closed').at(-1) ?? 0
  const lastChallenge = heights('challenged').at(-1) ?? 0
  const perBlock = CHANNELS / Math.max(1, lastChallenge - firstClose)
  report('tower-flood', {
    channels: CHANNELS,
    'hand-overs per second': CHANNELS / (handedMs / 1_000),
    'blocks of force closes': lastClose - firstClose + 1,
    'blocks from the first lie to the last answer': lastChallenge - firstClose,
    'blocks from the last lie to the last answer': lastChallenge - lastClose,
    'seconds to answer all': answeredMs / 1_000,
    'transactions of challenges': totals.transactions,
    'bytes per challenge': bytes.challenges / CHANNELS,
    'blocks for 100,000, by these': 100_000 / perBlock,
  })
}

function opening(i: number): Operation {
  const side = (signer: Signer, deposit: bigint) => {
    return { key: signer.publicKey, deposit: amount(deposit), payoutLock: lockOf(signer) }
  }
  return {
    ...{ kind: 'open', asset: 0, client: side(ownerOf(i), 0n), hub: side(hub, 10n * ONE) },
    terms: {
      ...{ disputeWindowSeconds: WINDOW_SECONDS, unsureWindowSeconds: WINDOW_SECONDS },
      ...{ clientPenaltyPpm: 100_000, hubPenaltyPpm: 1_000_000, itemsMax: 1 },
      ...{ expirySecondsMax: 1_000, itemAmountMin: amount(1n) },
      exitReserve: amount(exitReserveMin({ itemsMax: 1 }, FEE_PER_KILO_COST)),
    },
  }
}

/** What an owner holds that was paid one unit. */
function entrustedOf(ledger: LedgerClient, channel: Channel, owner: Signer): Entrusted {
  const { chainId } = ledger
  const peer: LaneState = { ...LANE_START, version: 1, transferred: amount(ONE) }
  const digest = balanceProofDigest(chainId, channel.id, 'hub', peer)
  const [peerEvidence] = signEvidence(chainId, hub, [digest])
  const terms = {
    guardKey: facts.tower,
    bounty: { ppm: 100_000, payoutLock: facts.payout_lock },
    validUntil: timestamp((ledger.tip?.time ?? 0) + 1_000_000),
  }
  return entrust(chainId, { ...newParty('client', channel), peer, peerEvidence }, terms, owner)
}

function lie(channel: number): Operation {
  return {
    ...{ kind: 'forceClose', channel, by: 'hub', own: LANE_START, unsure: false },
    ...{ resume: undefined, peer: undefined },
  }
}

function chunks(count: number, size: number): number[][] {
  return Array.from({ length: Math.ceil(count / size) }, (_, i) =>
    Array.from({ length: Math.min(size, count - i * size) }, (__, j) => i * size + j),
  )
}
