import { isRejection, parseTransaction } from '@tallystick/protocol'
import express, { type Request, type Response, type Router } from 'express'
import type { UpstreamAnswer } from '../follow/upstream.js'
import { LedgerFault } from '../ledger-fault.js'
import { FORWARDS_MAX } from '../limits.js'
import { sendProblem } from './problem.js'
import { RefusedWork } from './refused-work.js'
import { ROUTES } from './routes.js'
import { addressOf, submittedBytes } from './transaction-routes.js'

/** Hands an encoded transaction to the upstream. Throws `upstream_unreachable`. */
export type ForwardTransaction = (encoded: Uint8Array) => Promise<UpstreamAnswer>

/** Submissions at a follower: handed on as they are, and answered with the upstream's word (API-10). */
export function forwardRoutes(forward: ForwardTransaction): Router {
  const router = express.Router()
  const refusedWork = new RefusedWork()
  let underWay = 0
  router.post(ROUTES.submit.path, async (request, response) => {
    const [address, startedMs] = [addressOf(request), performance.now()]
    // The upstream knows our address only: who wears its patience out is to be stopped here.
    if (refusedWork.isExhausted(address, startedMs)) {
      response.set('connection', 'close')
      const detail = 'too much of what came from this address was refused; slow down'
      return sendProblem(response, { code: 'too_many_refusals', detail })
    }
    if (underWay >= FORWARDS_MAX) {
      response.set('connection', 'close')
      const detail = `at most ${FORWARDS_MAX} submissions are handed on at a time`
      return sendProblem(response, { code: 'node_busy', detail })
    }
    underWay++
    try {
      return await handOn(forward, request, response)
    } finally {
      underWay--
      const nowMs = performance.now()
      if (response.statusCode === 422) refusedWork.charge(address, nowMs - startedMs, nowMs)
    }
  })
  return router
}

async function handOn(
  forward: ForwardTransaction,
  request: Request,
  response: Response,
): Promise<void> {
  const encoded = await submittedBytes(request)
  if ('code' in encoded) {
    // The rest of a refused body is not read: the connection cannot be used again.
    response.set('connection', 'close')
    return sendProblem(response, encoded)
  }
  // Whatever is no transaction anywhere does not go on.
  const transaction = parseTransaction(encoded)
  if (isRejection(transaction)) return sendProblem(response, transaction)
  try {
    const { status, contentType, body } = await forward(encoded)
    response.status(status).set('content-type', contentType).send(Buffer.from(body))
  } catch (error) {
    if (!(error instanceof LedgerFault)) throw error
    sendProblem(response, { code: 'upstream_unreachable', detail: error.message })
  }
  return undefined
}
