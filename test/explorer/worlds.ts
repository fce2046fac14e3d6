import { channelWorld } from './channel-world.js'
import { type RoutingScope, routingWorld } from './routing-world.js'
import { CHANNEL_SCOPES, ROUTING_SCOPES, type Scope, type Sized } from './scopes.js'
import { type Bounds, type Found, search } from './search.js'

/** One world, its types closed in: a search of it in a scope. */
export type NamedWorld = {
  readonly name: string
  readonly about: string
  readonly explore: (bounds: Bounds) => Found
}

/** The worlds with the bounds of a scope. */
export function worldsOf(scope: Scope): readonly NamedWorld[] {
  const channels = CHANNEL_SCOPES.map((sized) => {
    const world = channelWorld(inScope(sized, scope))
    return { ...namesOf(sized), explore: (bounds: Bounds) => search(world, bounds) }
  })
  const routing = ROUTING_SCOPES.map((sized) => {
    const world = routingWorld(inScope<RoutingScope>(sized, scope))
    return { ...namesOf(sized), explore: (bounds: Bounds) => search(world, bounds) }
  })
  return [...channels, ...routing]
}

function namesOf<T extends { readonly name: string; readonly about: string }>({
  name,
  about,
}: Sized<T>) {
  return { name, about }
}

function inScope<T>({ large, ...small }: Sized<T>, scope: Scope): T {
  // Without `large` what is left is the small scope itself.
  const base = small as unknown as T
  return scope === 'small' ? base : { ...base, ...large }
}
