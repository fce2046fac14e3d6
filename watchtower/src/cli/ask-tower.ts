import { CommandError } from '@tallystick/daemon'

/** Until a tower has answered, milliseconds, and what it says at most, characters. */
const ANSWER_MS_MAX = 10_000
const ANSWER_LENGTH_MAX = 65_536

/** What the tower at `url` says about itself. Throws `tower_unreachable` and `not_a_tower`. */
export async function askTower(url: string): Promise<Readonly<Record<string, unknown>>> {
  const base = url.replace(/\/+$/, '')
  const facts = await Promise.all(['/v1/tower', '/v1/stats'].map((path) => factsAt(base + path)))
  const ready = await ask(`${base}/readyz`)
  return { ...facts[0], ...facts[1], ready: ready.ok }
}

async function factsAt(address: string): Promise<Readonly<Record<string, unknown>>> {
  const { ok, status, text } = await ask(address)
  if (!ok || text.length > ANSWER_LENGTH_MAX) {
    throw new CommandError('not_a_tower', `${address} answered HTTP ${status}: is it a watchtower?`)
  }
  const answer = parseJson(text)
  if (typeof answer === 'object' && answer !== null) return { ...answer }
  const detail = `${address} did not answer with an object: is it a watchtower?`
  throw new CommandError('not_a_tower', detail)
}

async function ask(
  address: string,
): Promise<{ readonly ok: boolean; readonly status: number; readonly text: string }> {
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(ANSWER_MS_MAX) })
    return { ok: response.ok, status: response.status, text: await response.text() }
  } catch {
    // `fetch` names no reason that would help more than the address.
    throw new CommandError(
      'tower_unreachable',
      `${address} does not answer: does a watchtower run there?`,
    )
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // `JSON.parse` has no other way to say so.
    return undefined
  }
}
