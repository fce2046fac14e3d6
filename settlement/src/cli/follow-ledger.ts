import type { ChainId } from '@tallystick/protocol'
import { startFollower } from '../start-follower.js'
import { type ServeOptions, serveUntilStopped } from './serve-until-stopped.js'

export type FollowOptions = ServeOptions & {
  readonly from: string
  readonly chainId?: ChainId
}

/** `ledger follow`: executes the blocks of another node and serves. */
export function followLedger(options: FollowOptions): Promise<void> {
  const { from, chainId } = options
  return serveUntilStopped(options, (config) =>
    startFollower({ ...config, upstream: from, ...(chainId !== undefined && { chainId }) }),
  )
}
