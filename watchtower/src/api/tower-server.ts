import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import {
  answerHealth,
  apiApp,
  boundPipelining,
  listen,
  refuseRest,
  stopAtOnce,
} from '@tallystick/daemon/http'
import { addressPrefix, TOWER_MESSAGE_BYTES_MAX } from '@tallystick/protocol'
import type { Express } from 'express'
import { type WebSocket, WebSocketServer } from 'ws'
import { CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS_MAX, REQUEST_MS_MAX } from '../limits.js'
import { AddressShares } from '../session/address-shares.js'
import { refuseConnection, sendProblem } from './problem.js'

/** What a tower tells over HTTP. */
export type TowerInformation = {
  /** What it waits for before it can serve; `undefined`: nothing. */
  readonly notReadyFor: () => string | undefined
  readonly describe: () => object
  readonly statistics: () => object
}

export type TowerServer = { readonly url: string; close(): Promise<void> }

/** Serves `/v1/tower`, `/v1/stats`, `/livez`, `/readyz`, and owners on `/v1/session` (TOWER-1). */
export async function serveTower(options: {
  readonly host: string
  readonly port: number
  readonly information: TowerInformation
  readonly onSocket: (socket: WebSocket, address: string) => void
}): Promise<TowerServer> {
  const server = createServer(
    { requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX, maxHeaderSize: 8_192 },
    boundPipelining(towerApp(options.information)),
  )
  boundConnections(server)
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: TOWER_MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
  })
  server.on('upgrade', (request, socket, head) => {
    // A stranger that hangs up in the middle is its own affair.
    socket.on('error', () => socket.destroy())
    // Compared, never parsed: what a stranger writes here need not be an address.
    const [path = ''] = (request.url ?? '').split('?')
    if (path !== '/v1/session') {
      const detail = 'there is nothing at this address; owners are heard at /v1/session'
      return refuseConnection(socket, { code: 'not_found', detail })
    }
    // Node hands the TCP socket over under the type of its base class.
    const address = addressPrefix((socket as Socket).remoteAddress ?? 'unknown')
    sockets.handleUpgrade(request, socket, head, (opened) => options.onSocket(opened, address))
  })
  const { port } = await listen(server, options.port, options.host)
  return {
    url: `http://${options.host}:${port}`,
    close: async () => {
      sockets.close()
      for (const socket of sockets.clients) socket.terminate()
      await stopAtOnce(server)
    },
  }
}

/** So many connections in all, and of one address; each more is told so before a byte is read. */
function boundConnections(server: Server): void {
  // Beyond this nobody is told: it is the last thing to give way.
  server.maxConnections = 2 * CONNECTIONS_MAX
  const shares = new AddressShares({
    ...{ max: CONNECTIONS_MAX, perAddressMax: CONNECTIONS_PER_ADDRESS_MAX },
  })
  server.prependListener('connection', (socket: Socket) => {
    const release = shares.take(addressPrefix(socket.remoteAddress ?? 'unknown'))
    if (release !== undefined) return void socket.once('close', release)
    const detail = `at most ${CONNECTIONS_PER_ADDRESS_MAX} connections of one address are taken`
    return refuseConnection(socket, { code: 'too_many_connections', detail })
  })
}

function towerApp({ notReadyFor, describe, statistics }: TowerInformation): Express {
  const app = apiApp()
  answerHealth(app, notReadyFor, sendProblem)
  app.get('/v1/tower', (_, response) => void response.json(describe()))
  app.get('/v1/stats', (_, response) => void response.json(statistics()))
  refuseRest(app, ['/livez', '/readyz', '/v1/tower', '/v1/stats'], sendProblem)
  return app
}
