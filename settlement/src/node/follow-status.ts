import type { Rejection } from '@tallystick/protocol'

/** How a follower stands to the node that it follows. */
export type FollowStatus = {
  /** Address of the upstream's API. */
  readonly upstream: string
  /** `refused`: what it sends does not follow from our tip, which stays as it is. */
  readonly link: 'connecting' | 'following' | 'unreachable' | 'refused'
  /** The highest block that the upstream is known to have. */
  readonly upstreamHeight: number | undefined
  /** The last block that was refused, if none was taken since. */
  readonly refusal: { readonly height: number; readonly rejection: Rejection<string> } | undefined
}
