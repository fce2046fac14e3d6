import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Express } from 'express'
import { CONNECTIONS_MAX, REQUEST_MS_MAX, STOP_MS_MAX } from '../limits.js'

/** The API while it is being served. */
export type MerchantHttp = { readonly url: string; close(): Promise<void> }

/** Serves the API; `port` 0 takes any. */
export async function serveMerchant(
  app: Express,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<MerchantHttp> {
  const server = createServer(
    { requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX, maxHeaderSize: 8_192 },
    app,
  )
  server.maxConnections = CONNECTIONS_MAX
  await listen(server, port, host)
  const bound = server.address() as AddressInfo
  const shownHost = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
  return {
    url: `http://${shownHost}:${bound.port}`,
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
