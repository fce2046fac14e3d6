import { sendProblem } from '@tallystick/daemon/http'
import express, { type RequestHandler, type Router } from 'express'
import type { z } from 'zod'
import type { ApiCaller } from '../core/caller.js'
import type { KeyStore } from '../store/key-store.js'
import type { DoneRequest, RequestStore } from '../store/request-store.js'
import { authenticate } from './authenticate.js'
import { keyedRequest, OneTime } from './idempotency.js'
import { complaint } from './parameters.js'
import { problem, RequestRefused } from './problem.js'
import { readJson } from './read-json.js'
import { ROUTES, type Route } from './routes.js'

/** What the routes of the API stand on. */
export type RouteParts = {
  readonly keys: KeyStore
  readonly requests: RequestStore
  readonly operatorHash: string
  readonly now: () => number
}

type Get = Route & { readonly method: 'get' }
type Post = Route & { readonly method: 'post'; readonly body: z.ZodObject; readonly status: number }

/** Serves the routes of the API by the table that describes them. */
export class RouteServer {
  readonly router: Router = express.Router()
  readonly #parts: RouteParts
  readonly #oneTime: OneTime

  constructor(parts: RouteParts) {
    this.#parts = parts
    this.#oneTime = new OneTime(parts.requests)
  }

  /** Serves what is only read. */
  get<R extends Get>(
    route: R,
    answer: (
      asked: z.output<R['asked']>,
      caller: ApiCaller,
      /** Aborted once nobody waits for the answer any more. */
      gone: AbortSignal,
    ) => Promise<z.input<R['answered']>>,
  ): void {
    this.router.get(route.path, async (request, response) => {
      const caller = await authenticate(request, route, this.#parts)
      const asked = parsed(route.asked, { ...request.query, ...request.params })
      const gone = new AbortController()
      response.once('close', () => gone.abort())
      response.json(await answer(asked as z.output<R['asked']>, caller, gone.signal))
    })
  }

  /** Serves what changes something, once for each key: `act` stores what `remember` answers with its effect. */
  post<R extends Post>(
    route: R,
    act: {
      readonly first: (
        ordered: { readonly asked: z.output<R['asked']>; readonly body: z.output<R['body']> },
        caller: ApiCaller,
        remember: (object: string) => DoneRequest,
      ) => Promise<z.input<R['answered']>>
      /** The answer to a request that comes again: the object as it is by now. */
      readonly again: (object: string, caller: ApiCaller) => Promise<z.input<R['answered']>>
    },
  ): void {
    this.router.post(route.path, async (request, response) => {
      const caller = await authenticate(request, route, this.#parts)
      const asked = parsed(route.asked, { ...request.query, ...request.params })
      const said = await readJson(request)
      const body = parsed(route.body, said)
      const keyed = keyedRequest(request, caller, said)
      const { status } = route
      const answer = await this.#oneTime.run(keyed, {
        first: () =>
          act.first(
            { asked: asked as z.output<R['asked']>, body: body as z.output<R['body']> },
            caller,
            (object) => ({ ...keyed, status, object }),
          ),
        again: ({ object }) => act.again(object, caller),
      })
      response.status(status).json(answer)
    })
  }

  /** Refuses other methods than those of an address (API-6); it comes behind all that answers. */
  refuseOthers(): void {
    for (const [path, allowed] of allowedMethods()) {
      this.router.all(path, (_, response) => {
        response.set('allow', allowed.join(', '))
        const detail = `this address takes ${allowed.join(' and ')}`
        sendProblem(response, problem({ code: 'method_not_allowed', detail }))
      })
    }
  }
}

function parsed<T extends z.ZodObject>(schema: T, said: unknown): z.output<T> {
  const read = schema.safeParse(said)
  if (read.success) return read.data
  throw new RequestRefused(problem({ code: 'bad_request', detail: complaint(read.error) }))
}

function allowedMethods(): readonly (readonly [path: string, allowed: readonly string[]])[] {
  const methods = new Map<string, string[]>()
  for (const { path, method } of Object.values<Route>(ROUTES)) {
    // Who answers GET answers HEAD, without a body.
    const taken = method === 'get' ? ['GET', 'HEAD'] : ['POST']
    methods.set(path, [...(methods.get(path) ?? []), ...taken])
  }
  return [...methods]
}

/** Says who asked for nothing that is here. */
export const nothingHere: RequestHandler = (_, response) => {
  sendProblem(response, problem({ code: 'not_found', detail: 'there is nothing at this address' }))
}
