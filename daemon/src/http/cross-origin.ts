import cors from 'cors'
import type { RequestHandler } from 'express'

/** How long a browser may go by what it was once allowed, seconds. */
const ALLOWED_SECONDS = 86_400

/**
 * Lets pages of any origin ask with these methods and headers (API-14). Nothing behind it may go by cookies or by where
 * a request comes from, so that a page learns no more than whoever asks without a browser.
 */
export function crossOrigin(asked: {
  readonly methods: readonly string[]
  readonly headers: readonly string[]
}): RequestHandler {
  return cors({
    origin: '*',
    methods: [...asked.methods],
    allowedHeaders: [...asked.headers],
    exposedHeaders: ['allow', 'x-request-id'],
    maxAge: ALLOWED_SECONDS,
    // Answered behind what counts requests; any other OPTIONS is refused like other methods.
    preflightContinue: true,
  })
}

/** Answers a browser that asks whether a page may ask; any other `OPTIONS` is a method like the rest. */
export const answerPreflight: RequestHandler = (request, response, next) => {
  const isPreflight =
    request.method === 'OPTIONS' && 'access-control-request-method' in request.headers
  if (isPreflight) response.status(204).end()
  else next()
}
