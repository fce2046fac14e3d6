import { fromHex, type TxId } from '@tallystick/protocol'
import express, { type Request, type RequestHandler, type Response, type Router } from 'express'
import type { LedgerNode } from '../node/ledger-node.js'
import type { TransactionStatus } from '../node/submission.js'
import type { Traced } from '../node/trace-at-tip.js'
import type { Clients } from './clients.js'
import { complaint, PARAMETERS } from './parameters.js'
import { type Problem, sendProblem } from './problem.js'
import { bodyBytesMax, readBody } from './read-body.js'
import { RefusedWork } from './refused-work.js'
import { hexOf } from './resource.js'
import { ROUTES } from './routes.js'
import { traceResource } from './trace-resource.js'
import { whenOver } from './when-over.js'

/** Handing transactions in, and asking what became of them. */
export function transactionRoutes(node: LedgerNode, clients: Clients): Router {
  const router = express.Router()
  const refusedWork = new RefusedWork()
  const withinBudget: RequestHandler = (request, response, next) => {
    if (!refusedWork.isExhausted(clients.addressOf(request), performance.now())) return next()
    const detail = 'too much of what came from this address was refused; slow down'
    return sendProblem(response, { code: 'too_many_refusals', detail })
  }
  router.post(ROUTES.submit.path, withinBudget, (request, response) =>
    submit({ node, clients, refusedWork }, request, response),
  )
  router.post(ROUTES.trace.path, withinBudget, (request, response) =>
    trace({ node, clients, refusedWork }, request, response),
  )
  router.get(ROUTES.transaction.path, (request, response) =>
    tellStatus(node, clients, request, response),
  )
  router.get(ROUTES.traceWaiting.path, withinBudget, (request, response) =>
    traceKnown({ node, clients, refusedWork }, request, response),
  )
  return router
}

/** What a transaction that was handed in meets. */
type Reception = {
  readonly node: LedgerNode
  readonly clients: Clients
  readonly refusedWork: RefusedWork
}

async function submit(
  { node, clients, refusedWork }: Reception,
  request: Request,
  response: Response,
): Promise<void> {
  const encoded = await submittedBytes(request, response, clients)
  if ('code' in encoded) return refuseBody(response, encoded)
  const submitted = await node.submit(encoded)
  switch (submitted.kind) {
    case 'refused':
      refusedWork.charge(clients.addressOf(request), submitted.workMs, performance.now())
      sendProblem(response, submitted.rejection)
      break
    case 'pending':
      response.status(202).json({ id: submitted.id, status: 'pending' })
      break
    case 'included':
      response.json({ id: submitted.id, status: 'included', height: submitted.height })
      break
  }
  return undefined
}

/** A trace pays nothing, so that what it takes counts like what a refusal takes. */
async function trace(reception: Reception, request: Request, response: Response): Promise<void> {
  const { node, clients } = reception
  const encoded = await submittedBytes(request, response, clients)
  if ('code' in encoded) return refuseBody(response, encoded)
  return answerTrace(reception, request, response, await node.trace(encoded))
}

function answerTrace(
  { clients, refusedWork }: Reception,
  request: Request,
  response: Response,
  { workMs, result }: Traced,
): void {
  refusedWork.charge(clients.addressOf(request), workMs, performance.now())
  if (result.kind === 'rejection') sendProblem(response, result)
  else clients.answer(request, response, traceResource(result))
}

/**
 * The trace of one that waits. A node keeps the state at its tip alone: it cannot run anew what a
 * block holds already, and says who can.
 */
async function traceKnown(
  reception: Reception,
  request: Request,
  response: Response,
): Promise<void> {
  const asked = PARAMETERS.transaction.safeParse({ ...request.query, ...request.params })
  if (!asked.success) {
    return sendProblem(response, { code: 'bad_request', detail: complaint(asked.error) })
  }
  const { id } = asked.data
  const { node } = reception
  const traced = node.traceWaiting(id)
  if (traced === undefined) {
    return sendProblem(response, untraceable(id, await node.transactionStatus(id)))
  }
  return answerTrace(reception, request, response, traced)
}

function untraceable(id: TxId, status: TransactionStatus): Problem {
  switch (status.kind) {
    case 'included': {
      const detail =
        `transaction ${id} is in block ${status.height}, and the state before it is not kept here: ` +
        `\`ledger trace ${id} --archive DIR --height ${status.height}\` runs it there`
      return { code: 'state_not_kept', detail }
    }
    case 'rejected': {
      const { code } = status.rejection
      const detail = `transaction ${id} waits no more (${code}) and was not kept: hand its bytes in`
      return { code: 'not_found', detail }
    }
    case 'pending':
    case 'unknown':
      return { code: 'not_found', detail: `transaction ${id} is not known here` }
  }
}

/** The rest of a refused body is not read: the connection cannot be used again. */
export function refuseBody(response: Response, problem: Problem): void {
  response.set('connection', 'close')
  sendProblem(response, problem)
}

/** The encoded transaction of either form of body, which is in memory until the request is over. */
export async function submittedBytes(
  request: Request,
  response: Response,
  clients: Clients,
): Promise<Uint8Array | Problem> {
  const release = clients.hold(clients.addressOf(request), bodyBytesMax(request))
  if (release === undefined) {
    return { code: 'node_busy', detail: 'too many transactions arrive now; try again later' }
  }
  whenOver(response, release)
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  switch (type) {
    case 'application/octet-stream':
      return readBody(request)
    case 'application/json': {
      const body = await readBody(request)
      return 'code' in body ? body : parseSubmission(body)
    }
    default: {
      const detail = 'a body of application/json or application/octet-stream is due'
      return { code: 'unsupported_media_type', detail }
    }
  }
}

function parseSubmission(body: Uint8Array): Uint8Array | Problem {
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    // `JSON.parse` has no other way to say so.
    return { code: 'malformed', detail: 'the body is not JSON' }
  }
  const parsed = PARAMETERS.submission.safeParse(json)
  return parsed.success
    ? fromHex(parsed.data.transaction)
    : { code: 'malformed', detail: complaint(parsed.error) }
}

async function tellStatus(
  node: LedgerNode,
  clients: Clients,
  request: Request,
  response: Response,
): Promise<void> {
  const asked = PARAMETERS.transaction.safeParse({ ...request.query, ...request.params })
  if (!asked.success) {
    return sendProblem(response, { code: 'bad_request', detail: complaint(asked.error) })
  }
  const { id } = asked.data
  const status = await node.transactionStatus(id)
  switch (status.kind) {
    case 'unknown':
      sendProblem(response, { code: 'not_found', detail: `transaction ${id} is not known here` })
      break
    case 'pending':
      response.json({ id, status: 'pending' })
      break
    case 'included': {
      const { height, position, encoded } = status
      const transaction = hexOf(encoded)
      const answer = { id, status: 'included', height, position, transaction }
      clients.answer(request, response, answer)
      break
    }
    case 'rejected': {
      const { code, detail } = status.rejection
      response.json({ id, status: 'rejected', code, detail })
      break
    }
  }
  return undefined
}
