import { WalletError } from '../wallet-error.js'
import type { Caller } from './wallet-core.js'

/** The names that a call takes, all of them and no other; `signal` is one of every call. */
export type FieldsOf<Wish> = { readonly [Name in keyof Wish]-?: true }

/**
 * What a call was handed by name, and apart from it who waits; nothing at all is an object without a
 * name, so that the first name that is due is what is told. With `fields`, any other name is refused:
 * a price or a bound under a wrong name would be lost. Errors: `argument_invalid`.
 */
export function namedArguments<Wish extends object>(
  call: string,
  given: (Wish & Caller) | undefined,
  fields?: FieldsOf<Wish>,
): { readonly wish: Wish; readonly caller: Caller } {
  // Callers may be plain JavaScript.
  const named: unknown = given === undefined ? {} : given
  if (typeof named !== 'object' || named === null) {
    throw new WalletError('argument_invalid', `${call} takes an object of named values`)
  }
  if (fields !== undefined) requireKnown(call, named, [...Object.keys(fields), 'signal'])
  const { signal, ...wish } = named as Wish & Caller
  return { wish: wish as unknown as Wish, caller: signal === undefined ? {} : { signal } }
}

function requireKnown(call: string, named: object, known: readonly string[]): void {
  const unknown = Object.keys(named).find((name) => !known.includes(name))
  if (unknown === undefined) return
  const shown = unknown.slice(0, SHOWN_CHARACTERS)
  const detail = `${call} has no field \`${shown}\`: it takes ${known.join(', ')}`
  throw new WalletError('argument_invalid', detail)
}

/** Of a name that is none. */
const SHOWN_CHARACTERS = 40
