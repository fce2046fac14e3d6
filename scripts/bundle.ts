import { fileURLToPath } from 'node:url'
import { bundleCommands } from './bundle/bundle-commands.js'
import { bundleSdk } from './bundle/bundle-sdk.js'

/** `npm run bundle`: the SDK for browsers as one file, and what it weighs; the commands, a file each. */
const root = fileURLToPath(new URL('../../', import.meta.url))
const [{ path, bytes, gzipBytes }] = await Promise.all([bundleSdk(root), bundleCommands(root)])
// Standard output is for what the commands behind a build say.
process.stderr.write(`${path}: ${bytes} bytes, ${gzipBytes} with gzip\n`)
