import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'
import { CONNECTIONS_MAX, REQUEST_MS_MAX, STOP_MS_MAX } from '../limits.js'
import { startingApp } from './merchant-app.js'

/** The server's address, taken; until the API is served there, it answers that it starts. */
export type MerchantHttp = {
  readonly url: string
  /** From now on `app` answers. */
  serve(app: Express): void
  close(): Promise<void>
}

/** Takes the address of the API; `port` 0 takes any. Errors: of the system, where it is not free. */
export async function bindMerchant({
  host,
  port,
}: {
  readonly host: string
  readonly port: number
}): Promise<MerchantHttp> {
  let serving = startingApp()
  const server = createServer(
    { requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX, maxHeaderSize: 8_192 },
    (request, response) => void serving(request, response),
  )
  server.maxConnections = CONNECTIONS_MAX
  await listen(server, port, host)
  const bound = server.address() as AddressInfo
  const shownHost = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
  return {
    url: `http://${shownHost}:${bound.port}`,
    serve: (app) => {
      serving = app
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      const impatient = setTimeout(() => server.closeAllConnections(), STOP_MS_MAX)
      await closed
      clearTimeout(impatient)
    },
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
}
