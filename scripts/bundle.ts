import { fileURLToPath } from 'node:url'
import { bundleSdk } from './bundle/bundle-sdk.js'

/** `npm run bundle`: the SDK for browsers as one file, and what it weighs. */
const { path, bytes, gzipBytes } = await bundleSdk(
  fileURLToPath(new URL('../../', import.meta.url)),
)
// Standard output is for what the commands behind a build say.
process.stderr.write(`${path}: ${bytes} bytes, ${gzipBytes} with gzip\n`)
