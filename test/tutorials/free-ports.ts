import { once } from 'node:events'
import { createServer } from 'node:net'

/** Where a document names a port: addresses, options, and servers that it starts. */
const NAMED = /(?<=127\.0\.0\.1:|--port |listen\()\d{4,5}\b/g
/** Below what systems give to connections that ask for any port. */
const [LOWEST, HIGHEST] = [20_000, 30_000]

/** The text with each port that it names exchanged for one that is free now; the same for the same, by `chosen`. */
export async function onFreePorts(text: string, chosen: Map<string, number>): Promise<string> {
  for (const [port] of text.matchAll(NAMED)) {
    if (!chosen.has(port)) chosen.set(port, await freePort(new Set(chosen.values())))
  }
  return text.replace(NAMED, (port) => String(chosen.get(port)))
}

async function freePort(taken: ReadonlySet<number>): Promise<number> {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    if (!taken.has(port) && (await isFree(port))) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return true
  } catch {
    // Somebody has it: another one is tried.
    return false
  } finally {
    server.close()
  }
}
