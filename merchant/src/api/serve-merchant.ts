import { createServer } from 'node:http'
import { addressUrl, listen, patientStop } from '@tallystick/daemon/http'
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
  const close = patientStop(server, STOP_MS_MAX)
  return { url: addressUrl(await listen(server, port, host)), close }
}
