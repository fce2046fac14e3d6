import { isRejection, parseTransaction } from '@tallystick/protocol'
import express, { type Request, type Response, type Router } from 'express'
import type { UpstreamAnswer } from '../follow/upstream.js'
import { LedgerFault } from '../ledger-fault.js'
import { FORWARDS_MAX } from '../limits.js'
import type { Clients } from './clients.js'
import { type Problem, sendProblem } from './problem.js'
import { RefusedWork } from './refused-work.js'
import { ROUTES } from './routes.js'
import { refuseBody, submittedBytes } from './transaction-routes.js'
import { whenOver } from './when-over.js'

/** Hands an encoded transaction to the upstream. Throws `upstream_unreachable`. */
export type ForwardTransaction = (encoded: Uint8Array) => Promise<UpstreamAnswer>

/** Submissions at a follower: handed on as they are, and answered with the upstream's word (API-10). */
export function forwardRoutes(clients: Clients, forward: ForwardTransaction): Router {
  const router = express.Router()
  const refusedWork = new RefusedWork()
  let underWay = 0
  router.post(ROUTES.submit.path, async (request, response) => {
    const [address, startedMs] = [clients.addressOf(request), performance.now()]
    // The upstream knows our address only: who wears its patience out is to be stopped here.
    if (refusedWork.isExhausted(address, startedMs)) {
      response.set('connection', 'close')
      const detail = 'too much of what came from this address was refused; slow down'
      return sendProblem(response, { code: 'too_many_refusals', detail })
    }
    const handedIn = await handedInTransaction(request, response, clients)
    if ('code' in handedIn) return refuseBody(response, handedIn)
    if (underWay >= FORWARDS_MAX) {
      const detail = `at most ${FORWARDS_MAX} submissions are handed on at a time`
      return sendProblem(response, { code: 'node_busy', detail })
    }
    underWay++
    // The answer is in memory until it was taken.
    whenOver(response, () => underWay--)
    await handOn(forward, handedIn.encoded, response)
    const nowMs = performance.now()
    if (response.statusCode === 422) refusedWork.charge(address, nowMs - startedMs, nowMs)
    return undefined
  })
  return router
}

/** What may go on: bytes that are a transaction. */
async function handedInTransaction(
  request: Request,
  response: Response,
  clients: Clients,
): Promise<{ readonly encoded: Uint8Array } | Problem> {
  const encoded = await submittedBytes(request, response, clients)
  if ('code' in encoded) return encoded
  const transaction = parseTransaction(encoded)
  return isRejection(transaction) ? transaction : { encoded }
}

async function handOn(
  forward: ForwardTransaction,
  encoded: Uint8Array,
  response: Response,
): Promise<void> {
  try {
    const { status, contentType, body } = await forward(encoded)
    if (!/^application\/(?:problem\+)?json\b/.test(contentType)) {
      const detail = 'the upstream answers with something else than JSON'
      return sendProblem(response, { code: 'upstream_unreachable', detail })
    }
    response.status(status).set('content-type', contentType).send(Buffer.from(body))
  } catch (error) {
    if (!(error instanceof LedgerFault)) throw error
    sendProblem(response, { code: 'upstream_unreachable', detail: error.message })
  }
  return undefined
}
