import { channelWorld } from './channel-world.js'
import { type RoutingScope, routingWorld } from './routing-world.js'
import { CHANNEL_SCOPES, ROUTING_SCOPES, type Scope, type Sized } from './scopes.js'
import { type Bounds, type Found, search } from './search.js'

/** One world, its types closed in: a search of it in a scope. */
export type NamedWorld = {
  readonly name: string
  readonly about: string
  readonly onlyLarge: boolean
  /** How a violation begins that is known; absent: there is none. */
  readonly known: string | undefined
  readonly explore: (bounds: Bounds) => Found
}

/** The worlds with the bounds of a scope; those that only the large one takes are among them. */
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
  onlyLarge,
  known,
}: Sized<T>) {
  return { name, about, onlyLarge: onlyLarge === true, known }
}

function inScope<T>({ large, onlyLarge: _, known: __, ...small }: Sized<T>, scope: Scope): T {
  // Without `large` what is left is the small scope itself.
  const base = small as unknown as T
  return scope === 'small' ? base : { ...base, ...large }
}
