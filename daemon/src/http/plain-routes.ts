import type { ErrorRequestHandler, Express, Response } from 'express'
import type { Refusal } from './problem-answers.js'

/** A server's way to refuse, of which these codes are asked. */
type SendProblem<Code extends string> = (response: Response, refusal: Refusal<Code>) => void

/**
 * `/livez` and `/readyz`: that the process runs, and whether it can serve. `notReadyFor` says what it waits
 * for before it can; `undefined`: nothing.
 */
export function answerHealth(
  app: Express,
  notReadyFor: () => string | undefined,
  sendProblem: SendProblem<'not_ready'>,
): void {
  app.get('/livez', (_, response) => void response.json({ status: 'ok' }))
  app.get('/readyz', (_, response) => {
    const detail = notReadyFor()
    if (detail === undefined) response.json({ status: 'ok' })
    else sendProblem(response, { code: 'not_ready', detail })
  })
}

/**
 * Refuses, behind all routes, what is left: other methods at addresses that are only read, addresses with
 * nothing at them, and what went wrong on the way.
 */
export function refuseRest(
  app: Express,
  readOnly: readonly string[],
  sendProblem: SendProblem<'method_not_allowed' | 'not_found' | 'internal_error'>,
): void {
  app.all([...readOnly], (_, response) => {
    response.set('allow', 'GET, HEAD')
    sendProblem(response, { code: 'method_not_allowed', detail: 'this address is only read' })
  })
  app.use((_, response) => {
    sendProblem(response, { code: 'not_found', detail: 'there is nothing at this address' })
  })
  // Express knows an error handler by its four parameters.
  const answerFailure: ErrorRequestHandler = (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error)
    // What Express cannot decode it reports with a status of its own.
    return sendProblem(
      response,
      error instanceof Error && 'status' in error && error.status === 400
        ? { code: 'not_found', detail: 'the address could not be decoded' }
        : { code: 'internal_error', detail: 'this request failed; it may be repeated' },
    )
  }
  app.use(answerFailure)
}
