/** Asks the shop's server; throws what it says is wrong, and with which status. */
export async function ask(path, { body, token } = {}) {
  const response = await fetch(`/api${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new Error('The shop does not answer. Please check your connection.')
  })
  const answer = await response.json().catch(() => ({ error: 'The shop gave no answer.' }))
  if (response.ok) return answer
  throw Object.assign(new Error(answer.error), { status: response.status })
}
