import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { listen, stopAtOnce } from '@tallystick/daemon/http'
import { clientAddress, MESSAGE_BYTES_MAX } from '@tallystick/protocol'
import express, { type ErrorRequestHandler, type Express } from 'express'
import helmet from 'helmet'
import { type WebSocket, WebSocketServer } from 'ws'
import { FRAME_CHUNKS_MAX, FRAME_FRAGMENTS_MAX } from '../limits.js'
import { type BackupRoutesParts, backupRoutes } from './backup-routes.js'
import { answerPreflight, crossOrigin } from './cross-origin.js'
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
    hubApp(options),
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
  const app = express()
  app.disable('x-powered-by')
  app.use(helmet())
  // Of what there is, only the operator's books are for no page.
  app.use(
    ['/livez', '/readyz', '/v1/hub', '/v1/stats', '/v1/backups'],
    crossOrigin(),
    answerPreflight,
  )
  app.get('/livez', (_, response) => void response.json({ status: 'ok' }))
  app.get('/readyz', (_, response) => {
    const detail = notReadyFor()
    if (detail === undefined) response.json({ status: 'ok' })
    else sendProblem(response, { code: 'not_ready', detail })
  })
  app.get('/v1/hub', (_, response) => void response.json(describe()))
  app.get('/v1/stats', async (_, response) => void response.json(await statistics()))
  app.all(['/livez', '/readyz', '/v1/hub', '/v1/stats'], (_, response) => {
    response.set('allow', 'GET, HEAD')
    sendProblem(response, { code: 'method_not_allowed', detail: 'this address is only read' })
  })
  app.use(backupRoutes(backups))
  app.use(paymentRoutes(payments))
  app.use((_, response) => {
    sendProblem(response, { code: 'not_found', detail: 'there is nothing at this address' })
  })
  app.use(answerFailure)
  return app
}

/** Express knows an error handler by its four parameters. */
const answerFailure: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (response.headersSent) return next(error)
  // What Express cannot decode it reports with a status of its own.
  return sendProblem(
    response,
    error instanceof Error && 'status' in error && error.status === 400
      ? { code: 'not_found', detail: 'the address could not be decoded' }
      : { code: 'internal_error', detail: 'this request failed; it may be repeated' },
  )
}

/** One function for all sockets. */
function hangUp(this: Duplex): void {
  this.destroy()
}
