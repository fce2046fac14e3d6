import type { ResolveHook } from 'node:module'

/** Where protocol asks for its curve, it is given the symbolic one. */
export const resolve: ResolveHook = (specifier, context, next) =>
  specifier === '#ed25519'
    ? { url: new URL('./symbolic-backend.js', import.meta.url).href, shortCircuit: true }
    : next(specifier, context)
