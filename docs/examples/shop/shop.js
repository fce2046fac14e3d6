import { timingSafeEqual } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import express from 'express'
import helmet from 'helmet'
import encodeQR from 'qr'
import { Refusal } from './refusal.js'

const PUBLIC = fileURLToPath(new URL('public', import.meta.url))
/** The SDK for browsers: one file, served from here like the rest of the page. */
const SDK = fileURLToPath(import.meta.resolve('@tallystick/client-sdk/tallystick.js'))
/** Milliseconds between signs of life on a line that tells of an order. */
const HEARTBEAT_MS = 20_000

/**
 * The shop as an Express app. `desk` takes orders; `room` shows articles, and `payFor` has the handler that lets
 * requests for their sections through once they are paid for; `network` is what a customer's wallet has to know; `token` is
 * what the merchant shows to see all orders and to refund.
 */
export function shopApp({ name, desk, room, payFor, catalogue, articles, asset, network, token }) {
  const app = express()
  app.disable('x-powered-by')
  app.use(helmet({ contentSecurityPolicy: { useDefaults: false, directives: policy(network) } }))
  app.use(express.json({ limit: '8kb' }))
  app.use(express.static(PUBLIC))
  app.get('/tallystick.js', (_, response) => response.sendFile(SDK))

  app.get('/api/shop', (_, response) =>
    response.json({
      ...{ name, asset, network, products: catalogue },
      articles: articles.map(({ id }) => room.show(id)),
    }),
  )
  app.post('/api/orders', async ({ body }, response) => {
    response.status(201).json(await desk.order(body?.product))
  })
  app.get('/api/orders/:id', async ({ params }, response) =>
    response.json(await desk.show(params.id)),
  )
  app.get('/api/orders/:id/qr.svg', async ({ params }, response) => {
    const { invoice } = await desk.show(params.id)
    // In capitals a QR code takes half the space, and an invoice is the same in both.
    response.type('svg').send(encodeQR(invoice.toUpperCase(), 'svg', { border: 2 }))
  })
  app.get('/api/orders/:id/events', async ({ params }, response) => {
    const stop = await desk.listen(params.id, (order) => {
      if (!response.headersSent) {
        response.set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      }
      response.write(`data: ${JSON.stringify(order)}\n\n`)
    })
    const heartbeat = setInterval(() => response.write(':\n\n'), HEARTBEAT_MS)
    response.once('close', () => {
      clearInterval(heartbeat)
      stop()
    })
  })
  app.post('/api/orders/:id/refund', async ({ params, body }, response) => {
    response.json(await desk.askRefund(params.id, body?.invoice))
  })

  app.get('/api/articles/:id/readers/:reader', ({ params }, response) =>
    response.set('cache-control', 'no-store').json(room.readBy(params.id, params.reader)),
  )
  app.get(
    '/api/articles/:id/readers/:reader/sections/:number',
    ({ params, headers }, response, next) => {
      const { id, reader, number } = params
      const section = room.section(id, number)
      response.set('cache-control', 'no-store')
      // What was paid for is paid once. Who sends a payment all the same wants it to be taken, or to end its stream.
      const isPaid = room.isRead(id, reader, number) && headers['tally-ticks'] === undefined
      if (isPaid) response.json(section)
      else next()
    },
    (request, response, next) => payFor(request.params.id)(request, response, next),
    ({ method, params }, response) => {
      const { id, reader, number } = params
      // Not before: an answer that nobody got is not paid for.
      if (method === 'GET') {
        response.once('finish', () => room.served(id, reader, number).catch(console.error))
      }
      response.json(room.section(id, number))
    },
  )

  app.use('/api/merchant', (request, _, next) => {
    if (!isShown(token, request.headers.authorization))
      throw new Refusal(401, 'This is not the password of the shop.')
    next()
  })
  app.get('/api/merchant/orders', async (_, response) => response.json(await desk.all()))
  app.post('/api/merchant/orders/:id/refund', async ({ params }, response) => {
    response.json(await desk.refund(params.id))
  })

  app.use('/api', () => {
    throw new Refusal(404, 'There is nothing at this address.')
  })
  app.get('/merchant', (_, response) => response.sendFile(`${PUBLIC}/merchant.html`))
  // Every other address is a page of the shop, which the browser draws.
  app.get('/{*page}', (_, response) => response.sendFile(`${PUBLIC}/index.html`))
  app.use(answerFailure)
  return app
}

/** Pages run our own code only, and talk to this shop, its ledger and its hub only. */
function policy({ ledgerUrl, hubUrl }) {
  const [ledger, hub] = [new URL(ledgerUrl), new URL(hubUrl)]
  const servers = [ledger, hub].flatMap(({ protocol, host }) => {
    const isSafe = protocol === 'https:' || protocol === 'wss:'
    return isSafe ? [`https://${host}`, `wss://${host}`] : [`http://${host}`, `ws://${host}`]
  })
  return {
    ...{
      'default-src': ["'none'"],
      'script-src': ["'self'"],
      'style-src': ["'self'"],
      'img-src': ["'self'"],
    },
    ...{ 'connect-src': ["'self'", ...servers], 'base-uri': ["'none'"], 'form-action': ["'self'"] },
    'frame-ancestors': ["'none'"],
  }
}

function isShown(token, authorization = '') {
  const [shown, due] = [Buffer.from(authorization), Buffer.from(`Bearer ${token}`)]
  return shown.length === due.length && timingSafeEqual(shown, due)
}

/** Express knows an error handler by its four parameters. */
function answerFailure(error, request, response, next) {
  if (response.headersSent) return next(error)
  // An address that is none is typed into a browser, which draws the page that says so.
  if (error.status === 400 && !request.path.startsWith('/api/')) {
    return response.status(400).sendFile(`${PUBLIC}/index.html`)
  }
  const isOurs = error instanceof Refusal
  const status = isOurs ? error.status : (error.status ?? 500)
  if (status >= 500 && !isOurs) console.error(error)
  const message = isOurs ? error.message : 'This did not work. Please try again.'
  response.status(status).json({ error: message })
}
