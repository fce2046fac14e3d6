import type { Rejection } from '@tallystick/protocol'
import { WalletError } from '../wallet-error.js'

/** A rejection as the SDK throws it, under the same code. */
export function errorOf({ code, detail }: Pick<Rejection, 'code' | 'detail'>): WalletError {
  return new WalletError(code, detail)
}
