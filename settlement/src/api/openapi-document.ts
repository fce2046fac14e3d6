import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi'
import { PROTOCOL_VERSION } from '@tallystick/protocol'
import { z } from 'zod'
import { ANSWERED } from './answers.js'
import { PARAMETERS } from './parameters.js'
import { ANSWERS, type ProblemCode } from './problem.js'
import { ROUTES, type Route } from './routes.js'

let rendered: ReturnType<typeof render> | undefined

/** The OpenAPI document of the API, from the schemas that requests are validated with. */
export function openApiDocument(): ReturnType<typeof render> {
  // Rendered once: it depends on nothing that a request says.
  rendered ??= render()
  return rendered
}

function render() {
  const registry = new OpenAPIRegistry()
  for (const route of Object.values<Route>(ROUTES)) registry.registerPath(described(route))
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: { title: 'Tallystick settlement ledger', version: `${PROTOCOL_VERSION}` },
  })
}

function described(route: Route): Parameters<OpenAPIRegistry['registerPath']>[0] {
  const { method, path, summary, asked, answered, statuses = [200] } = route
  const isOfPath = (name: string) => path.split('/').includes(`:${name}`)
  const part = (isPart: (name: string) => boolean) => {
    const fields = Object.entries(asked.shape).filter(([name]) => isPart(name))
    return z.object(Object.fromEntries(fields))
  }
  const answer = { description: summary, content: { 'application/json': { schema: answered } } }
  return {
    ...{ method, summary },
    path: path.replaceAll(/:(\w+)/g, '{$1}'),
    request: {
      params: part(isOfPath),
      query: part((name) => !isOfPath(name)),
      ...(method === 'post' && { body: SUBMISSION }),
    },
    responses: {
      ...Object.fromEntries(statuses.map((status) => [status, answer])),
      405: OTHER_METHOD,
      default: REFUSAL,
    },
  }
}

const SUBMISSION = {
  required: true,
  content: {
    'application/json': { schema: PARAMETERS.submission },
    'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
  },
} as const

/** Answered to any other method at the address of an operation. */
const OTHER_METHOD = {
  description: 'Another method than those of this address: `method_not_allowed`',
  headers: z.object({
    allow: z.string().meta({ description: 'The methods of this address' }),
  }),
  content: { 'application/problem+json': { schema: ANSWERED.problem } },
} as const

/** Any refusal: its code is one of the table. */
const REFUSAL = {
  description: 'A refusal: RFC 9457 problem details',
  content: {
    'application/problem+json': {
      schema: ANSWERED.problem.extend({
        code: z.enum(Object.keys(ANSWERS) as [ProblemCode, ...ProblemCode[]]),
      }),
    },
  },
} as const
