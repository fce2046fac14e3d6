import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { FEE } from '../hub-load/payment-load.js'
import { DEPOSIT, NETWORK } from './vector-chain.js'
import { type VectorEvent, vectorLibrary } from './vector-library.js'
import { VectorLink } from './vector-link.js'
import { VectorSide } from './vector-side.js'

/*
 * A hub on Connext Vector's protocol library, for a benchmark: the program that forwards for Vector is
 * not in the registry, so what a hub has to do is done here: a transfer that is promised is promised on to
 * whom it names, less a fee, and one that is resolved is resolved where it came from.
 *
 * Its arguments are the folder in which the library is installed and the private key of the hub.
 */

/** What a benchmark is told. */
export type VectorHubSays =
  | { readonly kind: 'serving'; readonly port: number; readonly identifier: string }
  /** What each client owes the hub, by identifier. */
  | { readonly kind: 'balances'; readonly balances: ReadonlyMap<string, bigint> }

const [dir = '', privateKey = ''] = process.argv.slice(2)
const library = vectorLibrary(dir)
const locks = new library.MemoryLockService()
const links = new Map<string, VectorLink>()
/** Channels by their clients. */
const channels = new Map<string, string>()

const hub = await VectorSide.start(library, privateKey, locks, (client) => {
  const link = links.get(client)
  if (link === undefined) throw new Error(`${client} is not connected`)
  return link
})
hub.onUpdate((event) => void forward(event))

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
server.on('connection', (socket) => {
  const link: VectorLink = new VectorLink(socket, async (request) => {
    switch (request.kind) {
      case 'hello': {
        links.set(request.identifier, link)
        const channel = await hub.open(request.identifier, NETWORK)
        channels.set(request.identifier, channel)
        return channel
      }
      case 'update':
        return hub.take(request)
      case 'acquire':
        return locks.acquireLock(request.channel)
      case 'release':
        return locks.releaseLock(request.channel, request.value)
    }
  })
})
server.once('listening', () => {
  const { port } = server.address() as AddressInfo
  say({ kind: 'serving', port, identifier: hub.identifier })
})

/** Asked for its books. */
process.on('message', () => {
  void booked().then((balances) => say({ kind: 'balances', balances }))
})
process.on('disconnect', () => process.exit())

async function forward({ updatedChannelState, updatedTransfer }: VectorEvent): Promise<void> {
  const { latestUpdate, channelAddress } = updatedChannelState
  if (updatedTransfer === undefined) return
  const { transferId, transferState, transferResolver, balance, meta } = updatedTransfer
  switch (latestUpdate.type) {
    case 'create': {
      const onward = channels.get(meta['payee'] ?? '')
      if (onward === undefined) throw new Error(`a transfer for ${meta['payee']}, who is not here`)
      await hub.promise(onward, {
        amount: BigInt(balance.amount[0]) - FEE,
        lockHash: transferState.lockHash,
        meta: { transfer: transferId, channel: channelAddress },
      })
      return
    }
    case 'resolve': {
      const { transfer = '', channel = '' } = meta
      await hub.resolve(channel, transfer, transferResolver?.preImage ?? '')
      return
    }
    default:
      return
  }
}

/** After whatever is under way on each channel. */
async function booked(): Promise<Map<string, bigint>> {
  const balances = new Map<string, bigint>()
  for (const [client, channelAddress] of channels) {
    const lock = await locks.acquireLock(channelAddress)
    const [balance] = (await hub.channel(channelAddress)).balances
    await locks.releaseLock(channelAddress, lock)
    balances.set(client, DEPOSIT - BigInt(balance?.amount[1] ?? 0))
  }
  return balances
}

function say(message: VectorHubSays): void {
  process.send?.(message)
}
