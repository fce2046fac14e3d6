import { randomUUID } from 'node:crypto'
import { loadSeedFile } from '@tallystick/client-sdk/node'
import { CommandError } from '@tallystick/daemon'
import { toHex } from '@tallystick/protocol'
import { operatorTokenPathOf } from '../operator-token.js'

/** A server that runs, and the folder with its operator's token. */
export type ServerPlace = { readonly data: string; readonly url: string }

/** Asks a server that runs, as its operator. Throws `merchant_unreachable`, and what the server says. */
export async function askMerchant(
  { data, url }: ServerPlace,
  path: string,
  body?: object,
): Promise<unknown> {
  const answer = await fetchMerchant({ data, url }, path, body)
  return answer.json().catch((cause) => {
    throw unreachable(url, cause)
  })
}

/** The same, answered as it comes. */
export async function fetchMerchant(
  { data, url }: ServerPlace,
  path: string,
  body?: object,
): Promise<Response> {
  const token = toHex(await loadSeedFile(operatorTokenPathOf(data)))
  const authorization = `Bearer ${token}`
  const answer = await fetch(new URL(path, url), {
    ...(body === undefined
      ? { headers: { authorization } }
      : {
          method: 'POST',
          body: JSON.stringify(body),
          headers: {
            authorization,
            'content-type': 'application/json',
            'idempotency-key': randomUUID(),
          },
        }),
  }).catch((cause) => {
    throw unreachable(url, cause)
  })
  if (answer.ok) return answer
  const said: unknown = await answer.json().catch(() => undefined)
  const { code, detail } = { code: undefined, detail: undefined, ...(said as object) }
  throw new CommandError(
    typeof code === 'string' ? code : 'merchant_unreachable',
    typeof detail === 'string' ? detail : `${url} answers with ${answer.status}`,
  )
}

function unreachable(url: string, fault: unknown): CommandError {
  const cause = fault instanceof Error ? fault.cause : undefined
  const why = cause instanceof Error ? cause.message : String(fault)
  return new CommandError('merchant_unreachable', `no server answers at ${url}: ${why}`)
}
