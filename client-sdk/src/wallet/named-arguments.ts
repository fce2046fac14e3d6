import { WalletError } from '../wallet-error.js'
import type { Caller } from './wallet-core.js'

/**
 * What a call was handed by name, and apart from it who waits; nothing at all is an object without a
 * name, so that the first name that is due is what is told. Errors: `argument_invalid`.
 */
export function namedArguments<Wish extends object>(
  call: string,
  given: (Wish & Caller) | undefined,
): { readonly wish: Wish; readonly caller: Caller } {
  // Callers may be plain JavaScript.
  const named: unknown = given === undefined ? {} : given
  if (typeof named !== 'object' || named === null) {
    throw new WalletError('argument_invalid', `${call} takes an object of named values`)
  }
  const { signal, ...wish } = named as Wish & Caller
  return { wish: wish as unknown as Wish, caller: signal === undefined ? {} : { signal } }
}
