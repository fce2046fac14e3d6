import cors from 'cors'
import type { RequestHandler } from 'express'

/** How long a browser may go by what it was once allowed, seconds. */
const ALLOWED_SECONDS = 86_400

/**
 * Lets pages of any origin ask (API-14). Nothing behind it goes by cookies or by where a request comes from, so a page
 * learns no more than whoever asks without a browser.
 */
export function crossOrigin(): RequestHandler {
  return cors({
    origin: '*',
    methods: ['GET', 'HEAD', 'PUT'],
    allowedHeaders: ['authorization', 'content-type'],
    exposedHeaders: ['allow', 'x-request-id'],
    maxAge: ALLOWED_SECONDS,
    // Any other OPTIONS than a browser's question is refused like other methods.
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
