import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { MESSAGE_BYTES_MAX } from '@tallystick/protocol'
import express, { type Express, type Response } from 'express'
import helmet from 'helmet'
import { type WebSocket, WebSocketServer } from 'ws'

/** What the hub tells over HTTP. */
export type HubInformation = {
  readonly ready: () => boolean
  readonly describe: () => object
  readonly statistics: () => Promise<object>
}

export type HubServer = { readonly url: string; close(): Promise<void> }

/** Serves `/v1/hub`, `/v1/stats`, `/livez`, `/readyz`, and sessions on `/v1/session`. */
export async function serveHub(options: {
  readonly host: string
  readonly port: number
  readonly information: HubInformation
  /** Whether one more connection from this address may be taken. */
  readonly admits: (address: string) => boolean
  readonly onSocket: (socket: WebSocket, address: string) => void
}): Promise<HubServer> {
  const server = createServer(hubApp(options.information))
  server.requestTimeout = 10_000
  server.headersTimeout = 10_000
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
  })
  server.on('upgrade', (request, socket, head) => {
    // A stranger that hangs up in the middle is its own affair.
    socket.on('error', () => socket.destroy())
    // Node hands the TCP socket over under the type of its base class.
    const address = (socket as Socket).remoteAddress ?? 'unknown'
    // Compared, never parsed: what a stranger writes here need not be an address.
    const [path = ''] = (request.url ?? '').split('?')
    if (path !== '/v1/session' || !options.admits(address)) {
      socket.end(
        path === '/v1/session' ? 'HTTP/1.1 503 Busy\r\n\r\n' : 'HTTP/1.1 404 Not Found\r\n\r\n',
      )
      return
    }
    sockets.handleUpgrade(request, socket, head, (opened) => options.onSocket(opened, address))
  })
  await listen(server, options.port, options.host)
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${options.host}:${port}`,
    close: async () => {
      sockets.close()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function hubApp({ ready, describe, statistics }: HubInformation): Express {
  const app = express()
  app.disable('x-powered-by')
  app.use(helmet())
  app.get('/livez', (_, response) => void response.json({ status: 'ok' }))
  app.get('/readyz', (_, response) => {
    if (ready()) response.json({ status: 'ok' })
    else problem(response, 503, 'not_ready', 'the hub has not reached the ledger yet')
  })
  app.get('/v1/hub', (_, response) => void response.json(describe()))
  app.get('/v1/stats', async (_, response) => void response.json(await statistics()))
  app.use((request, response) => {
    problem(response, 404, 'not_found', `there is nothing at ${request.method} ${request.path}`)
  })
  return app
}

/** RFC 9457 problem details. */
function problem(response: Response, status: number, code: string, detail: string): void {
  response
    .status(status)
    .type('application/problem+json')
    .json({
      type: 'about:blank',
      title: code.replaceAll('_', ' '),
      status,
      code,
      detail,
      request_id: randomUUID(),
      retryable: status >= 500,
    })
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
}
