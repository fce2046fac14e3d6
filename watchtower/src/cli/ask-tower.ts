/** Until a tower has answered, milliseconds, and what it says at most, characters. */
const ANSWER_MS_MAX = 10_000
const ANSWER_LENGTH_MAX = 65_536

/** What the tower at `url` says about itself; throws an `Error` when it does not answer. */
export async function askTower(url: string): Promise<Readonly<Record<string, unknown>>> {
  const base = url.replace(/\/+$/, '')
  const facts = await Promise.all(['/v1/tower', '/v1/stats'].map((path) => askFor(base + path)))
  const ready = await fetch(`${base}/readyz`, { signal: AbortSignal.timeout(ANSWER_MS_MAX) })
  return { ...facts[0], ...facts[1], ready: ready.ok }
}

async function askFor(address: string): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(address, { signal: AbortSignal.timeout(ANSWER_MS_MAX) })
  const text = await response.text()
  if (!response.ok || text.length > ANSWER_LENGTH_MAX) {
    throw new Error(`${address} answered HTTP ${response.status}: is it a watchtower?`)
  }
  const answer: unknown = JSON.parse(text)
  if (typeof answer === 'object' && answer !== null) return { ...answer }
  throw new Error(`${address} did not answer with an object: is it a watchtower?`)
}
