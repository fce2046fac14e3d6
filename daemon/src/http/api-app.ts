import express, { type Express, type RequestHandler } from 'express'
import helmet from 'helmet'
import { requestIdOf } from './problem.js'

/** An HTTP API without routes: it names no product, sends safe headers, and reads queries as flat text. */
export function apiApp(): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', 'simple')
  app.use(helmet())
  return app
}

/** Names each request in its answer, whatever that is, and keeps answers out of caches. */
export const nameRequests: RequestHandler = (_, response, next) => {
  response.set('x-request-id', requestIdOf(response))
  response.set('cache-control', 'no-store')
  next()
}
