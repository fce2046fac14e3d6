import type { ChainId } from '@tallystick/protocol'
import { startFollower } from '../start-follower.js'
import { progressOf } from './progress.js'
import { type ServeOptions, serveUntilStopped } from './serve-until-stopped.js'

export type FollowOptions = ServeOptions & {
  readonly from: string
  readonly chainId?: ChainId
  readonly snapshot?: string
  readonly archive?: string
}

/** `ledger follow`: executes the blocks of another node and serves. */
export function followLedger(options: FollowOptions): Promise<void> {
  const { from, chainId, snapshot, archive } = options
  return serveUntilStopped(options, (config) =>
    startFollower({
      ...{ ...config, upstream: from },
      ...(chainId !== undefined && { chainId }),
      ...(snapshot !== undefined && { start: { kind: 'snapshot', file: snapshot } }),
      ...(archive !== undefined && { start: { kind: 'archive', archive } }),
      onProgress: progressOf('follow'),
    }),
  )
}
