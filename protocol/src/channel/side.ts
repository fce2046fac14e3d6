import { oneOf } from '../codec/codec.js'

/** The two parties of a channel; each is the payer of its own lane. */
export type Role = 'client' | 'hub'
export const roleCodec = oneOf('client', 'hub')

/** The other party. */
export function otherRole(role: Role): Role {
  return role === 'client' ? 'hub' : 'client'
}
