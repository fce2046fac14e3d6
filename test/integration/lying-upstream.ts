import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { WebSocketServer } from 'ws'
import { ask } from '../settlement/node-on-disk.js'

/** A node's API that tells the truth about everything but its blocks. */
export class LyingUpstream {
  readonly url: string
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** Refuses every feed with an answer that breaks off. */
  static async breakingOff(context: TestContext, truth: string) {
    const upstream = await LyingUpstream.start(context, truth, [], (server) => {
      server.on('upgrade', (_, socket) => {
        socket.on('error', () => undefined)
        socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 1000\r\n\r\nshort')
        setImmediate(() => socket.destroy())
      })
    })
    return upstream
  }

  /** `blocks`: what its feed sends, from height 1 on; `truth`: address of the node behind it. */
  static async start(
    context: TestContext,
    truth: string,
    blocks: readonly Uint8Array[],
    serveFeed = (server: Server) => sendBlocks(context, server, blocks),
  ) {
    const server = createServer(async (request, response) => {
      const { status, body } = await ask(truth, request.url ?? '/')
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
    serveFeed(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    const upstream = new LyingUpstream(server)
    context.after(() => {
      upstream.#server.closeAllConnections()
      upstream.#server.close()
    })
    return upstream
  }
}

function sendBlocks(context: TestContext, server: Server, blocks: readonly Uint8Array[]): void {
  const feed = new WebSocketServer({ server, path: '/v1/feed' })
  feed.on('connection', (socket, request) => {
    const from = Number(new URL(request.url ?? '', 'http://x').searchParams.get('from'))
    for (const block of blocks.slice(from - 1)) socket.send(block)
  })
  context.after(() => {
    feed.close()
    for (const socket of feed.clients) socket.terminate()
  })
}
