import type { ChannelParty } from '@tallystick/protocol'
import { type ChannelScope, type ChannelState, committed, reloaded } from './channel-state.js'
import type { Move } from './search.js'

/**
 * The honest side has changed its mind: it dies before that is stored, or after, with nothing said,
 * or lives and says it. With more proofs than the scope allows it does not come to that.
 */
export function* batch(
  scope: ChannelScope,
  state: ChannelState,
  label: string,
  changed: ChannelParty,
): Iterable<Move<ChannelState>> {
  const next = committed(state, changed)
  if (next.signed.length > scope.versions.own) return
  const given = next.signed.length
  if (!scope.crashes) {
    // Nothing is lost here, so nothing is kept to be sent again.
    yield { label, next: { ...next, given, party: { ...next.party, unconfirmed: [] } } }
    return
  }
  yield { label, next: { ...next, given } }
  const died = { ...state, connected: false, party: reloaded(state.party) }
  yield { label: `${label}, dies before it is stored`, next: died }
  const silent = { ...next, connected: false, party: reloaded(next.party) }
  yield { label: `${label}, dies before it is sent`, next: silent }
}
