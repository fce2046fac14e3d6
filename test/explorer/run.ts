import { channelWorld } from './channel-world.js'
import { routingWorld } from './routing-world.js'
import { SMALL } from './scopes.js'
import { search } from './search.js'

const [max = '5000', word = ''] = process.argv.slice(2)
for (const scope of SMALL) {
  if (!scope.name.includes(word)) continue
  const started = performance.now()
  const found = search(channelWorld(scope), { statesMax: Number(max) })
  console.log(JSON.stringify(found, null, 1), performance.now() - started)
}

const coin = (name: number, expiry: number) => ({ name, unit: 1n, ticks: 1, expiry })
for (const scope of [
  {
    name: 'routing',
    about: '',
    items: [coin(1, 5_000)],
    versions: { hub: 2, clients: [2, 2] as const },
    times: [],
  },
  {
    name: 'routing edges',
    about: '',
    items: [coin(1, 300)],
    versions: { hub: 2, clients: [2, 1] as const },
    times: [239, 240, 269, 270, 271, 299, 300, 301, 315, 316],
  },
]) {
  if (!scope.name.includes(word)) continue
  const started = performance.now()
  const found = search(routingWorld(scope), { statesMax: Number(max) })
  console.log(JSON.stringify(found, null, 1), performance.now() - started)
}
