import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { boundPipelining, listen } from '@tallystick/daemon/http'

const REQUEST = 'GET / HTTP/1.1\r\nHost: here\r\n\r\n'

/** A server that answers when it is told to, and a connection to it. */
async function serverAndClient(context: TestContext) {
  const waiting: ServerResponse[] = []
  let asked = () => {}
  const server = createServer(
    boundPipelining((_, response) => {
      waiting.push(response)
      asked()
    }),
  )
  const { port } = await listen(server, 0, '127.0.0.1')
  context.after(() => server.close())
  const client = (): Socket => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    context.after(() => socket.destroy())
    return socket
  }
  const untilAsked = async (count: number) => {
    while (waiting.length < count) {
      await new Promise<void>((resolve) => {
        asked = resolve
      })
    }
  }
  return { waiting, client, untilAsked }
}

// What is not hung up on would hang: a bound, not a time that is measured.
describe('API-12 INV-45 a server', { timeout: 60_000 }, () => {
  test('has 16 requests of one connection under way at most, and hangs up on who sends more', async (context) => {
    const { waiting, client, untilAsked } = await serverAndClient(context)
    const flood = client()
    const closed = once(flood, 'close')
    flood.write(REQUEST.repeat(2_000))
    await closed
    assert.equal(waiting.length, 16)
    const other = client()
    other.write(REQUEST)
    await untilAsked(17)
    waiting.at(-1)?.end('served')
    const [answer] = await once(other, 'data')
    assert.match(String(answer), /200 OK[\s\S]*served/)
  })

  test('takes as many requests of one connection as it likes, one after another or 16 at a time', async (context) => {
    const { waiting, client, untilAsked } = await serverAndClient(context)
    const socket = client()
    for (let round = 1; round <= 20; round++) {
      let answers = 0
      const answered = new Promise<void>((resolve) => {
        const count = (text: Buffer) => {
          answers += String(text).split('HTTP/1.1 200').length - 1
          if (answers < 16) return
          socket.off('data', count)
          resolve()
        }
        socket.on('data', count)
      })
      socket.write(REQUEST.repeat(16))
      await untilAsked(16 * round)
      for (const response of waiting.slice(-16)) response.end('served')
      await answered
    }
    assert.equal(waiting.length, 320)
  })
})
