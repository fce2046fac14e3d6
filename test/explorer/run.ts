import { channelWorld } from './channel-world.js'
import { SMALL } from './scopes.js'
import { search } from './search.js'

for (const scope of SMALL) {
  const started = performance.now()
  const found = search(channelWorld(scope), { statesMax: 5_000 })
  console.log(JSON.stringify(found, null, 1), performance.now() - started)
}
