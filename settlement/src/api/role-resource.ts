import type { FollowStatus } from '../node/follow-status.js'

/** What the status of a node says of its part in the ledger (API-10). `height`: of its own tip. */
export function roleResource(following: FollowStatus | undefined, height: number) {
  if (following === undefined) return { role: 'validator' } as const
  const { upstream, link, upstreamHeight, refusal } = following
  // What it has now nobody knows who does not hear from it.
  const isHeard = link === 'following' || link === 'refused'
  return {
    role: 'follower' as const,
    upstream,
    upstream_link: link,
    lag_blocks:
      isHeard && upstreamHeight !== undefined ? Math.max(0, upstreamHeight - height) : null,
    refused_block:
      refusal === undefined
        ? null
        : {
            height: refusal.height,
            code: refusal.rejection.code,
            detail: refusal.rejection.detail,
          },
  }
}
