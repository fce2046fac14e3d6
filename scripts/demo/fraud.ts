import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import {
  channelFeeTransaction,
  closeAlone,
  formatAmount,
  Wallet,
  type WalletNotice,
} from '@tallystick/client-sdk'
import { openSqliteStore, openWsSocket, type SqliteWalletStores } from '@tallystick/client-sdk/node'
import { loadHubKeys } from '@tallystick/hub'
import {
  amount,
  type ChannelId,
  deriveKeys,
  isClosing,
  isRejection,
  LANE_START,
  partsPerMillion,
  TIMESTAMP_MAX,
  timestamp,
} from '@tallystick/protocol'
import type { Progress } from '../replay/progress.js'
import { POUND, type ReplayStage } from '../replay/shop-replay.js'

const ONE = 10n ** BigInt(POUND.decimals)
const DEPOSIT = 100n * ONE
const PRICE = 30n * ONE

type Actor = {
  readonly name: string
  readonly seed: Uint8Array
  readonly wallet: Wallet
  readonly notices: WalletNotice[]
}

/** Two thieves, one after the other; each is caught by the other side's guard and pays for it. */
export async function playFrauds(
  stage: ReplayStage,
  dataDir: string,
  progress: Progress,
): Promise<boolean> {
  const stores = await openSqliteStore(join(dataDir, 'actors.db'))
  const carol = await enter('Carol', stage, stores)
  const mallory = await enter('Mallory', stage, stores)
  try {
    const clientCaught = await clientCheats(stage, mallory, carol, progress)
    const hubCaught = await hubCheats(stage, carol, dataDir, progress)
    return clientCaught && hubCaught
  } finally {
    await mallory.wallet.close()
    await carol.wallet.close()
    await stores.close()
  }
}

async function enter(name: string, stage: ReplayStage, stores: SqliteWalletStores): Promise<Actor> {
  const seed = new Uint8Array(randomBytes(64))
  const notices: WalletNotice[] = []
  const wallet = await Wallet.open({
    words: seed,
    store: stores.wallet(`${name} ${Date.now()}`),
    feed: stage.feed,
    hubUrl: stage.network.hubUrl,
    hub: stage.network.hubKey,
    openSocket: openWsSocket,
    onEvent: (notice) => notices.push(notice),
  })
  return { name, seed, wallet, notices }
}

/** Mallory pays twice and then shows the ledger the channel as it was before. */
async function clientCheats(
  { feed, bank, policy }: ReplayStage,
  mallory: Actor,
  carol: Actor,
  progress: Progress,
): Promise<boolean> {
  progress.say('\nA client that cheats')
  const lock = mallory.wallet.payoutLock
  const funding = [{ asset: policy.asset, amount: amount(DEPOSIT + ONE), lock }]
  const funded = await bank.spend({ outputs: funding })
  if (isRejection(funded)) throw new Error(funded.detail)
  await feed.ledger.confirmed(funded.id)
  const id = await mallory.wallet.openChannel({ deposit: DEPOSIT })
  const before = channelOf(mallory, id)
  progress.say(`  Mallory opens a channel with ${money(DEPOSIT)} and keeps a copy of her store`)
  for (const what of ['a lamp', 'a clock']) {
    const invoice = await carol.wallet.createInvoice({ value: PRICE, description: what })
    await mallory.wallet.pay(invoice.text, { key: invoice.text })
    progress.say(`  she pays Carol ${money(PRICE)} for ${what}`)
  }
  const honest = await mallory.wallet.balance()
  const coinsBefore = honest.onLedger
  progress.say(
    `  ${money(honest.inChannels)} are hers now; she closes alone with the old copy: ${money(DEPOSIT)}`,
  )
  const signer = deriveKeys(mallory.seed).channel(before.keyIndex)
  const lie = closeAlone({
    ...{ chainId: feed.ledger.chainId, party: before.party, signer, unsure: false, now: feed.time },
    feePerKiloCost: feed.ledger.feePerKiloCost(before.party.ledger.asset),
  })
  if (isRejection(lie)) throw new Error(lie.detail)
  await feed.ledger.confirmed(await feed.ledger.submit(lie.transaction))
  await mallory.wallet.settled(id)
  const got = (await mallory.wallet.balance()).onLedger - coinsBefore
  const rest = honest.inChannels - lie.fee
  const due = rest - partsPerMillion(rest, policy.terms.clientPenaltyPpm)
  progress.say(
    `  the hub's guard shows the ledger what Mallory signed last; when the window is over`,
  )
  progress.say(
    `  Mallory is paid ${money(got)}: her ${money(rest)} less the penalty of ${money(rest - due)}`,
  )
  return got === due
}

/** The hub pays Carol and then shows the ledger the channel as if it never had. */
async function hubCheats(
  { feed, policy }: ReplayStage,
  carol: Actor,
  dataDir: string,
  progress: Progress,
): Promise<boolean> {
  progress.say('\nA hub that cheats')
  const [held] = carol.wallet.channels()
  if (held === undefined) throw new Error('Carol has a channel by now')
  const { id, number, asset, hub } = held.party.ledger
  const owed = (await carol.wallet.balance()).inChannels
  progress.say(
    `  the hub has paid Carol ${money(owed)} over her channel, into which it put ${money(hub.deposited)}`,
  )
  progress.say('  its operator closes the channel alone as if nothing had ever been paid')
  const { signer } = await loadHubKeys(join(dataDir, 'hub'))
  const lie = channelFeeTransaction({
    chainId: feed.ledger.chainId,
    channel: number,
    role: 'hub',
    signer,
    operations: [
      {
        kind: 'forceClose',
        channel: number,
        by: 'hub',
        own: LANE_START,
        unsure: false,
        resume: undefined,
        peer: undefined,
      },
    ],
    reveals: [],
    feePerKiloCost: feed.ledger.feePerKiloCost(asset),
    validFrom: timestamp(0),
    validUntil: TIMESTAMP_MAX,
  })
  if (isRejection(lie)) throw new Error(lie.detail)
  await feed.ledger.confirmed(await feed.ledger.submit(lie.transaction))
  await carol.wallet.settled(id)
  const guard = carol.notices.filter(({ kind }) => kind === 'guard').length
  const got = (await carol.wallet.balance()).onLedger
  progress.say(`  Carol's guard answers by itself (${guard} acts) with the hub's newest signature`)
  progress.say(
    `  Carol is paid ${money(got)}: her ${money(owed)} and all that the hub had left there`,
  )
  const penalty = policy.terms.hubPenaltyPpm === 1_000_000
  return penalty && got > owed && got >= hub.deposited - 2n * policy.terms.exitReserve
}

function channelOf({ wallet }: Actor, id: ChannelId) {
  const held = wallet.channels().find(({ party }) => party.ledger.id === id)
  if (held === undefined || isClosing(held.party.ledger)) throw new Error('the channel is open')
  return held
}

function money(units: bigint): string {
  return formatAmount(units, POUND)
}
