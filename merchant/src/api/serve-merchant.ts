import { createServer } from 'node:http'
import { addressUrl, boundPipelining, listen, patientStop } from '@tallystick/daemon/http'
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
    boundPipelining((request, response) => void serving(request, response)),
  )
  server.maxConnections = CONNECTIONS_MAX
  const close = patientStop(server, STOP_MS_MAX)
  return {
    url: addressUrl(await listen(server, port, host)),
    serve: (app) => {
      serving = app
    },
    close,
  }
}
