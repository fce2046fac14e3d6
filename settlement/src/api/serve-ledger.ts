import { createServer } from 'node:http'
import { addressUrl, boundPipelining, listen, patientStop } from '@tallystick/daemon/http'
import { CONNECTIONS_MAX, IDLE_MS_MAX, REQUEST_MS_MAX } from '../limits.js'
import type { LedgerNode } from '../node/ledger-node.js'
import { BlockFeed } from './block-feed.js'
import { boundConnections } from './bound-connections.js'
import { type ClientBounds, Clients } from './clients.js'
import type { ForwardTransaction } from './forward-routes.js'
import { ledgerApp, type OnFailedRequest } from './ledger-app.js'

/** A node's API while it is being served. */
export type LedgerServer = { readonly url: string; close(): Promise<void> }

/** Serves HTTP and the feed on one port; `port` 0 takes any. */
export async function serveLedger(options: {
  readonly node: LedgerNode
  readonly host: string
  readonly port: number
  readonly clients: ClientBounds
  readonly onFailedRequest: OnFailedRequest
  /** Where a follower hands submissions on. */
  readonly forward?: ForwardTransaction
}): Promise<LedgerServer> {
  const { node, host, port, onFailedRequest, forward } = options
  const clients = new Clients(options.clients)
  const server = createServer(
    { requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX, maxHeaderSize: 8_192 },
    boundPipelining(ledgerApp(node, clients, onFailedRequest, forward)),
  )
  const { trustedProxies, connectionsPerAddress } = options.clients
  boundConnections(server, {
    max: CONNECTIONS_MAX,
    // All connections are those of the proxy: whom it serves is counted by request.
    perAddressMax: trustedProxies > 0 ? CONNECTIONS_MAX : connectionsPerAddress,
  })
  // Who takes no byte of an answer keeps it in memory.
  server.setTimeout(IDLE_MS_MAX)
  const feed = new BlockFeed(node, clients, (error) =>
    onFailedRequest({ requestId: 'feed', error }),
  )
  server.on('upgrade', (request, socket, head) => feed.upgrade(request, socket, head))
  const stop = patientStop(server, STOP_MS_MAX)
  const url = addressUrl(await listen(server, port, host))
  return {
    url,
    close: () => {
      feed.close()
      return stop()
    },
  }
}

/** What requests under way may take when the node stops, milliseconds. */
const STOP_MS_MAX = 2_000
