import { channelWorld } from './channel-world.js'
import { SMALL } from './scopes.js'
import { search } from './search.js'

const [max = '5000', word = ''] = process.argv.slice(2)
for (const scope of SMALL) {
  if (!scope.name.includes(word)) continue
  const started = performance.now()
  const found = search(channelWorld(scope), { statesMax: Number(max) })
  console.log(JSON.stringify(found, null, 1), performance.now() - started)
}
