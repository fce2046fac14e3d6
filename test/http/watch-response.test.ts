import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import express, { type NextFunction, type Request, type Response } from 'express'
import { watchResponse } from '#client-sdk/node/watch-response.js'

type Outcome = 'failed' | { readonly body: unknown } | undefined

/** Watches what goes through it, and notes what it hears. */
function watcher() {
  const heard: Outcome[] = []
  const watch = (_: IncomingMessage, response: Response, next: NextFunction) => {
    response.setHeader('tally-receipt', 'paid')
    watchResponse(response, {
      failed: () => heard.push('failed'),
      answered: (answer) => heard.push(answer && { body: answer.body }),
    })
    next()
  }
  return { heard, watch }
}

/** What a server answers: its status, whether with a receipt, and its body. */
async function ask(listener: RequestListener, path: string) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => server.close())
  const { port } = server.address() as AddressInfo
  const [response] = (await once(get({ port, path, agent: false }), 'response')) as [
    IncomingMessage,
  ]
  const body = (await response.setEncoding('utf8').toArray()).join('')
  return [response.statusCode, response.headers['tally-receipt'] !== undefined, body]
}

const failing = (_: Request, __: Response, next: NextFunction) => next(new Error('broken'))
const refusing = (_: Error, __: Request, response: Response, ___: NextFunction) =>
  void response.status(503).end('sorry')

test('HTTP402-3 what a mounted app hands back to the app around it, and fails there, is heard of', async () => {
  const { heard, watch } = watcher()
  const [app, mounted] = [express(), express()]
  mounted.use(watch, failing)
  app.use('/api', mounted).use(refusing)
  assert.deepEqual(await ask(app, '/api'), [503, false, 'sorry'])
  assert.deepEqual(heard, ['failed'])
})

test('HTTP402-3 an app with methods of its own for all responses keeps them, and is heard of', async () => {
  for (const isPatchedLate of [false, true]) {
    const { heard, watch } = watcher()
    const app = express()
    let calls = 0
    const patch = () => {
      const { end } = app.response
      app.response.end = function patched(this: Response, ...given: unknown[]) {
        calls++
        return (end as (...all: unknown[]) => Response).apply(this, given)
      } as typeof end
    }
    if (!isPatchedLate) patch()
    app.get('/page', watch, (_, response) => void response.end('a page'))
    app.get('/broken', watch, failing).use(refusing)
    if (isPatchedLate) {
      await ask(app, '/page')
      heard.pop()
      patch()
    }
    assert.deepEqual(await ask(app, '/page'), [200, true, 'a page'])
    assert.deepEqual(await ask(app, '/broken'), [503, false, 'sorry'])
    assert.deepEqual(heard, [{ body: 'a page' }, 'failed'])
    assert.equal(calls, 2)
  }
})

/** As a compressor does: the response gets an `end` of its own. */
const shouting = (_: Request, response: Response, next: NextFunction) => {
  const { end } = response
  response.end = ((text: string) => end.call(response, text.toUpperCase(), 'utf8')) as typeof end
  next()
}

test('HTTP402-3 a response that was changed before it is watched, or behind that, is heard of once', async () => {
  for (const [handlers, kept] of [
    [[shouting], 'A PAGE'],
    [[], 'a page'],
  ] as const) {
    const { heard, watch } = watcher()
    const app = express()
    app.get('/behind', watch, ...handlers, (_, response) => void response.end('a page'))
    app.get('/before', ...handlers, watch, (_, response) => void response.end('a page'))
    assert.deepEqual(await ask(app, '/behind'), [200, true, kept])
    assert.deepEqual(await ask(app, '/before'), [200, true, kept])
    assert.deepEqual(heard, [{ body: kept }, { body: 'a page' }])
  }
})

test('HTTP402-3 several who watch one response all hear of it, and nobody of one that is not watched', async () => {
  const [one, other] = [watcher(), watcher()]
  const app = express()
  app.get('/twice', one.watch, other.watch, (_, response) => void response.end('a page'))
  app.get('/free', (_, response) => void response.status(500).end('free'))
  assert.deepEqual(await ask(app, '/twice'), [200, true, 'a page'])
  assert.deepEqual(await ask(app, '/free'), [500, false, 'free'])
  assert.deepEqual([one.heard, other.heard], [[{ body: 'a page' }], [{ body: 'a page' }]])
})

test('HTTP402-3 a bare server, and one that hands on to an app of Express, are heard of', async () => {
  const { heard, watch } = watcher()
  const app = express()
  app.use(failing, refusing)
  for (const [listener, expected] of [
    [(_, response) => void response.writeHead(500).end('broken'), [500, false, 'broken']],
    [(_, response) => void response.end('a page'), [200, true, 'a page']],
    [app as RequestListener, [503, false, 'sorry']],
  ] as const satisfies readonly (readonly [RequestListener, readonly unknown[]])[]) {
    const found = await ask(
      (request, response) =>
        watch(request, response as Response, () => listener(request, response)),
      '/',
    )
    assert.deepEqual(found, expected)
  }
  assert.deepEqual(heard, ['failed', { body: 'a page' }, 'failed'])
})

test('HTTP402-3 a head or an end that is refused is none: what is answered then decides', async () => {
  for (const refusedBy of [
    (response: Response) => response.writeHead(200, { 'x-drink': '\u2615' }),
    (response: Response) => response.end({} as string),
    (response: Response) => response.writeHead(503, { 'x-drink': '\u2615' }),
  ]) {
    for (const [status, expected] of [
      [500, [[500, false, 'then'], ['failed']]],
      [200, [[200, true, 'then'], [{ body: 'then' }]]],
    ] as const) {
      const { heard, watch } = watcher()
      const app = express()
      const answer = (_: Error, __: Request, response: Response, ___: NextFunction) =>
        void response.status(status).end('then')
      app.get('/page', watch, (_, response) => void refusedBy(response))
      app.use(answer)
      assert.deepEqual([await ask(app, '/page'), heard], expected)
    }
  }
})

test('HTTP402-3 a response that the server gives up before it has begun is not paid for', async () => {
  for (const isBare of [false, true]) {
    const { heard, watch } = watcher()
    const app = express()
    app.get('/page', watch, (_, response) => void response.destroy())
    const bare: RequestListener = (request, response) =>
      watch(request, response as Response, () => void response.destroy())
    await assert.rejects(ask(isBare ? bare : app, '/page'), { code: 'ECONNRESET' })
    assert.deepEqual(heard, ['failed'])
  }
})

test('HTTP402-3 who has hung up before the server gives up has paid', async () => {
  const { heard, watch } = watcher()
  const app = express()
  const given = new Promise<void>((resolve) => {
    app.get('/page', watch, (_, response) => {
      response.on('close', () => {
        response.destroy()
        resolve()
      })
      response.socket?.destroy()
    })
  })
  await assert.rejects(ask(app, '/page'), { code: 'ECONNRESET' })
  await given
  assert.deepEqual(heard, [undefined])
})
