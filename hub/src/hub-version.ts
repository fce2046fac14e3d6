import { createRequire } from 'node:module'

/** The version of this package, as it was published. */
export const HUB_VERSION: string = (
  createRequire(import.meta.url)('@tallystick/hub/package.json') as { version: string }
).version
