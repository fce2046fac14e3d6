import express, { type ErrorRequestHandler, type Express } from 'express'
import helmet from 'helmet'
import { BODY_BYTES_MAX } from '../limits.js'
import type { LedgerNode } from '../node/ledger-node.js'
import { ledgerRoutes } from './ledger-routes.js'
import { type Problem, requestIdOf, sendProblem } from './problem.js'
import { transactionRoutes } from './transaction-routes.js'

/** Hears of requests that failed through no fault of theirs. */
export type OnFailedRequest = (failure: {
  readonly requestId: string
  readonly error: unknown
}) => void

/** The HTTP API over a node. */
export function ledgerApp(node: LedgerNode, onFailedRequest: OnFailedRequest): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', 'simple')
  app.use(helmet())
  app.use((_, response, next) => {
    response.set('x-request-id', requestIdOf(response))
    response.set('cache-control', 'no-store')
    next()
  })
  app.get('/livez', (_, response) => void response.json({ status: 'ok' }))
  app.get('/readyz', (_, response) => {
    if (node.isReady) response.json({ status: 'ok' })
    else sendProblem(response, { code: 'not_ready', detail: 'no blocks are being made' })
  })
  app.use('/v1', transactionRoutes(node), ledgerRoutes(node))
  app.use((request, response) => {
    const isReading = request.method === 'GET' || request.method === 'HEAD'
    const code = isReading ? 'not_found' : 'method_not_allowed'
    sendProblem(response, { code, detail: 'there is nothing at this address' })
  })
  app.use(failureHandler(onFailedRequest))
  return app
}

function failureHandler(onFailedRequest: OnFailedRequest): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error: unknown, _request, response, next) => {
    const refusal = refusedBody(error)
    if (refusal === undefined) onFailedRequest({ requestId: requestIdOf(response), error })
    if (response.headersSent) return next(error)
    // The rest of a refused body is not read: the connection cannot be used again.
    response.set('connection', 'close')
    return sendProblem(
      response,
      refusal ?? { code: 'internal_error', detail: 'this request failed; it may be repeated' },
    )
  }
}

/** What the body parsers and the router refuse; `undefined`: the failure is ours. */
function refusedBody(error: unknown): Problem | undefined {
  const type = error instanceof Error && 'type' in error ? String(error.type) : ''
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500
  switch (type) {
    case 'entity.too.large':
      return {
        code: 'transaction_too_large',
        detail: `a body has at most ${BODY_BYTES_MAX} bytes`,
      }
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return { code: 'unsupported_media_type', detail: 'plain JSON or plain bytes are due' }
    case 'entity.parse.failed':
      return { code: 'malformed', detail: 'the body is not JSON' }
    default:
      return status >= 400 && status < 500
        ? { code: 'bad_request', detail: 'the request could not be read' }
        : undefined
  }
}
