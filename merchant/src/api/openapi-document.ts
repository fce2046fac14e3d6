import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi'
import { z } from 'zod'
import { ANSWERED } from './answers.js'
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
  registry.registerComponent('securitySchemes', 'key', { type: 'http', scheme: 'bearer' })
  for (const route of Object.values<Route>(ROUTES)) registry.registerPath(described(route))
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: { title: "Tallystick merchant's server", version: '1' },
  })
}

function described(route: Route): Parameters<OpenAPIRegistry['registerPath']>[0] {
  const { method, path, summary, asked, body, answered, status = 200, permission } = route
  const isOfPath = (name: string) => path.split('/').includes(`:${name}`)
  const part = (isPart: (name: string) => boolean) => {
    const fields = Object.entries(asked.shape).filter(([name]) => isPart(name))
    return z.object(Object.fromEntries(fields))
  }
  const answer = { description: summary, content: { 'application/json': { schema: answered } } }
  return {
    ...{ method, summary },
    ...(permission !== undefined && {
      description: `Needs a key with the permission ${permission}.`,
      security: [{ key: [] }],
    }),
    path: path.replaceAll(/:(\w+)/g, '{$1}'),
    request: {
      params: part(isOfPath),
      query: part((name) => !isOfPath(name)),
      ...(method === 'post' && { headers: IDEMPOTENCY }),
      ...(body !== undefined && {
        body: { required: true, content: { 'application/json': { schema: body } } },
      }),
    },
    responses: { [status]: answer, default: REFUSAL },
  }
}

const IDEMPOTENCY = z.object({
  'idempotency-key': z.string().min(1).max(255).meta({
    description: 'The same key is the same request for ever, whatever happened to its answer',
  }),
})

const REFUSAL = {
  description: 'A refusal: RFC 9457 problem details',
  content: { 'application/problem+json': { schema: ANSWERED.problem } },
} as const
