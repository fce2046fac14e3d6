import express, { type Router } from 'express'
import { sendProblem } from './problem.js'
import { ROUTES, type Route } from './routes.js'

/**
 * Refuses other methods than those of an address (API-6), and names these. It comes behind all that
 * answers.
 */
export function refuseMethod(): Router {
  const router = express.Router()
  for (const [path, allowed] of allowedMethods()) {
    router.all(path, (_, response) => {
      response.set('allow', allowed.join(', '))
      const detail = `this address takes ${allowed.join(' and ')}`
      return sendProblem(response, { code: 'method_not_allowed', detail })
    })
  }
  return router
}

/** By path, those without a parameter first: `/v1/headers/latest` is no height. */
function allowedMethods(): readonly (readonly [path: string, allowed: readonly string[]])[] {
  const methods = new Map<string, string[]>()
  for (const { path, method } of Object.values<Route>(ROUTES)) {
    // Who answers GET answers HEAD, without a body.
    const taken = method === 'get' ? ['GET', 'HEAD'] : ['POST']
    methods.set(path, [...(methods.get(path) ?? []), ...taken])
  }
  return [...methods].sort(([a], [b]) => Number(a.includes(':')) - Number(b.includes(':')))
}
