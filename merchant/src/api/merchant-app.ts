import {
  answerHealth,
  apiApp,
  nameRequests,
  requestIdOf,
  sendProblem,
} from '@tallystick/daemon/http'
import type { ErrorRequestHandler, Express } from 'express'
import { openApiDocument } from './openapi-document.js'
import { problem, problemOf } from './problem.js'
import { ROUTES } from './routes.js'
import { nothingHere, type RouteServer } from './serve-route.js'

/** Hears of requests that failed through no fault of theirs. */
export type OnFailedRequest = (failure: {
  readonly requestId: string
  readonly error: unknown
}) => void

/** The HTTP API, around routes that are served already. */
export function merchantApp(
  server: RouteServer,
  {
    notReadyFor,
    onFailedRequest,
  }: {
    /** What it waits for before payments can be made; `undefined`: nothing. */
    readonly notReadyFor: () => string | undefined
    readonly onFailedRequest: OnFailedRequest
  },
): Express {
  const app = plainApp(notReadyFor)
  app.get(ROUTES.openapi.path, (_, response) => void response.json(openApiDocument()))
  server.refuseOthers()
  app.use(server.router, nothingHere, failureHandler(onFailedRequest))
  return app
}

/** Answers while the wallet is being opened. */
export function startingApp(): Express {
  const detail = 'the server is starting'
  const app = plainApp(() => detail)
  app.use((_, response) => sendProblem(response, problem({ code: 'not_ready', detail })))
  return app
}

function plainApp(notReadyFor: () => string | undefined): Express {
  const app = apiApp()
  app.use(nameRequests)
  answerHealth(app, notReadyFor, (response, refusal) => sendProblem(response, problem(refusal)))
  return app
}

function failureHandler(onFailedRequest: OnFailedRequest): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error: unknown, request, response, next) => {
    // Nobody is there to be answered.
    if (request.destroyed && !request.complete) return response.destroy()
    if (response.headersSent) return next(error)
    const known = problemOf(error)
    if (known !== undefined) {
      // The rest of a body that was refused is not waited for.
      if (!request.complete) response.set('connection', 'close')
      return sendProblem(response, known)
    }
    if (error instanceof Error && 'status' in error && error.status === 400) {
      const detail = 'the address could not be decoded'
      return sendProblem(response, problem({ code: 'bad_request', detail }))
    }
    onFailedRequest({ requestId: requestIdOf(response), error })
    const detail = 'this request failed; it may be repeated with the same key'
    return sendProblem(response, problem({ code: 'internal_error', detail }))
  }
}
