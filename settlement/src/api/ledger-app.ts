import {
  answerPreflight,
  apiApp,
  crossOrigin,
  nameRequests,
  requestIdOf,
} from '@tallystick/daemon/http'
import type { ErrorRequestHandler, Express } from 'express'
import { DamagedBlock } from '../ledger-fault.js'
import type { LedgerNode } from '../node/ledger-node.js'
import type { Clients } from './clients.js'
import { type ForwardTransaction, forwardRoutes } from './forward-routes.js'
import { ledgerRoutes } from './ledger-routes.js'
import { damagedProblem, sendProblem } from './problem.js'
import { refuseMethod } from './refuse-method.js'
import { transactionRoutes } from './transaction-routes.js'

/** Hears of requests that failed through no fault of theirs. */
export type OnFailedRequest = (failure: {
  readonly requestId: string
  readonly error: unknown
}) => void

/** The HTTP API over a node; with `forward`, submissions go there. */
export function ledgerApp(
  node: LedgerNode,
  clients: Clients,
  onFailedRequest: OnFailedRequest,
  forward: ForwardTransaction | undefined,
): Express {
  const app = apiApp()
  app.use(nameRequests)
  // Before anything is refused: a page has to be able to read why.
  app.use(crossOrigin({ methods: ['GET', 'HEAD', 'POST'], headers: ['content-type'] }))
  app.use(clients.admit, answerPreflight)
  if (forward !== undefined) app.use(forwardRoutes(clients, forward))
  app.use(transactionRoutes(node, clients), ledgerRoutes(node, clients), refuseMethod())
  app.use((_, response) => {
    sendProblem(response, { code: 'not_found', detail: 'there is nothing at this address' })
  })
  app.use(failureHandler(onFailedRequest))
  return app
}

function failureHandler(onFailedRequest: OnFailedRequest): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error: unknown, request, response, next) => {
    // Nobody is there to be answered.
    if (request.destroyed && !request.complete) return response.destroy()
    if (error instanceof DamagedBlock && !response.headersSent) {
      return sendProblem(response, damagedProblem(error))
    }
    const isMalformed = error instanceof Error && 'status' in error && error.status === 400
    if (!isMalformed) onFailedRequest({ requestId: requestIdOf(response), error })
    if (response.headersSent) return next(error)
    return sendProblem(
      response,
      isMalformed
        ? { code: 'bad_request', detail: 'the address could not be decoded' }
        : { code: 'internal_error', detail: 'this request failed; it may be repeated' },
    )
  }
}
