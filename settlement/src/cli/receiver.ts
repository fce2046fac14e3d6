import { CommandError } from '@tallystick/daemon'
import { keyLock, type LockRoot, lockRoot, type PublicKey } from '@tallystick/protocol'

/** Who is paid: a lock, or a key alone. */
export type ReceiverOptions = { readonly toLock?: LockRoot; readonly toKey?: PublicKey }

/** The lock of the receiver; `otherwise`: where none is named. Throws `receiver_missing`. */
export function receiverOf({ toLock, toKey }: ReceiverOptions, otherwise?: LockRoot): LockRoot {
  if (toLock !== undefined && toKey === undefined) return toLock
  if (toKey !== undefined && toLock === undefined) return lockRoot(keyLock(toKey))
  if (otherwise !== undefined && toKey === undefined) return otherwise
  const count = otherwise === undefined ? 'exactly' : 'at most'
  throw new CommandError('receiver_missing', `${count} one of --to-lock and --to-key is due`)
}
