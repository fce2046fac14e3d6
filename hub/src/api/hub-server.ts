import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  answerHealth,
  answerPreflight,
  apiApp,
  boundPipelining,
  crossOrigin,
  listen,
  refuseRest,
  stopAtOnce,
} from '@tallystick/daemon/http'
import { clientAddress, MESSAGE_BYTES_MAX } from '@tallystick/protocol'
import type { Express } from 'express'
import { type WebSocket, WebSocketServer } from 'ws'
import { FRAME_CHUNKS_MAX, FRAME_FRAGMENTS_MAX } from '../limits.js'
import { type BackupRoutesParts, backupRoutes } from './backup-routes.js'
import { type PaymentRoutesParts, paymentRoutes } from './payment-routes.js'
import { boundPlainConnections } from './plain-connections.js'
import { refuseConnection, sendProblem } from './problem.js'

/** What the hub tells over HTTP. */
export type HubInformation = {
  /** What it waits for before it can serve; `undefined`: nothing. */
  readonly notReadyFor: () => string | undefined
  readonly describe: () => object
  readonly statistics: () => Promise<object>
}

export type HubServer = { readonly url: string; close(): Promise<void> }

/** Milliseconds in which a request must have come, and between two looks at that. */
const REQUEST_MS = 10_000
const REQUEST_CHECK_MS = 2_000

/** Serves `/v1/hub`, `/v1/stats`, `/v1/backups`, `/v1/payments`, `/livez`, `/readyz`, and sessions on `/v1/session`. */
export async function serveHub(options: {
  readonly host: string
  readonly port: number
  /** Proxies in front that append to `x-forwarded-for`; nothing else reaches the port. */
  readonly trustedProxies: number
  readonly information: HubInformation
  readonly backups: BackupRoutesParts
  readonly payments: PaymentRoutesParts
  /** Whether one more connection from this address may be taken. */
  readonly admits: (address: string) => boolean
  readonly onSocket: (socket: WebSocket, address: string) => void
}): Promise<HubServer> {
  const server = createServer(
    {
      requestTimeout: REQUEST_MS,
      headersTimeout: REQUEST_MS,
      connectionsCheckingInterval: REQUEST_CHECK_MS,
    },
    boundPipelining(hubApp(options)),
  )
  const plainConnections = boundPlainConnections(server, options.trustedProxies)
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
    // A frame that trickles in costs its bytes, not an object for each of them.
    maxBufferedChunks: FRAME_CHUNKS_MAX,
    maxFragments: FRAME_FRAGMENTS_MAX,
    // Sessions count what they are asked to answer.
    autoPong: false,
  })
  server.on('upgrade', (request, socket, head) => {
    // A stranger that hangs up in the middle is its own affair.
    socket.on('error', hangUp)
    const forwardedFor = request.headers['x-forwarded-for']
    const peer = request.socket.remoteAddress
    const address = clientAddress({ peer, forwardedFor }, options.trustedProxies)
    // Compared, never parsed: what a stranger writes here need not be an address.
    const [path = ''] = (request.url ?? '').split('?')
    if (path !== '/v1/session') {
      const detail = 'there is nothing at this address; sessions are at /v1/session'
      return refuseConnection(socket, { code: 'not_found', detail })
    }
    if (!options.admits(address)) {
      const detail = 'too many sessions, in all or from this address; try again later'
      return refuseConnection(socket, { code: 'too_many_sessions', detail })
    }
    // The answer and the hello leave together: a write is dearer than what it writes.
    socket.cork()
    sockets.handleUpgrade(request, socket, head, (opened) => {
      // Node hands the TCP socket over under the type of its base class.
      plainConnections.remove(socket as Socket)
      options.onSocket(opened, address)
    })
    queueMicrotask(() => socket.uncork())
  })
  const { port } = await listen(server, options.port, options.host)
  return {
    url: `http://${options.host}:${port}`,
    close: async () => {
      sockets.close()
      await stopAtOnce(server)
    },
  }
}

function hubApp({
  information: { notReadyFor, describe, statistics },
  backups,
  payments,
}: {
  readonly information: HubInformation
  readonly backups: BackupRoutesParts
  readonly payments: PaymentRoutesParts
}): Express {
  const app = apiApp()
  // Of what there is, only the operator's books are for no page.
  app.use(
    ['/livez', '/readyz', '/v1/hub', '/v1/stats', '/v1/backups'],
    crossOrigin({ methods: ['GET', 'HEAD', 'PUT'], headers: ['authorization', 'content-type'] }),
    answerPreflight,
  )
  answerHealth(app, notReadyFor, sendProblem)
  app.get('/v1/hub', (_, response) => void response.json(describe()))
  app.get('/v1/stats', async (_, response) => void response.json(await statistics()))
  app.use(backupRoutes(backups))
  app.use(paymentRoutes(payments))
  refuseRest(app, ['/livez', '/readyz', '/v1/hub', '/v1/stats'], sendProblem)
  return app
}

/** One function for all sockets. */
function hangUp(this: Duplex): void {
  this.destroy()
}
