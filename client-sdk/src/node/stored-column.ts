import { type Codec, decode, isRejection } from '@tallystick/protocol'
import { StoreFault } from '../store/store-fault.js'

/**
 * A column of bytes as SQLite gives it back. Throws `store_corrupt` when it holds anything else, or
 * not `length` bytes where so many are due.
 */
export function storedBytes(
  row: Readonly<Record<string, unknown>>,
  column: string,
  length?: number,
): Uint8Array {
  const value = row[column]
  if (!(value instanceof Uint8Array)) throw corruptColumn(column, 'bytes')
  if (length !== undefined && value.length !== length)
    throw corruptColumn(column, `${length} bytes`)
  // A copy over memory of its own, and no Buffer, whose slices share theirs.
  return new Uint8Array(value)
}

/** What `parse` makes of a column of text. Throws `store_corrupt` when that is nothing. */
export function storedText<T>(
  row: Readonly<Record<string, unknown>>,
  column: string,
  parse: (text: string) => T | undefined,
  due: string,
): T {
  const value = row[column]
  const parsed = typeof value === 'string' ? parse(value) : undefined
  if (parsed === undefined) throw corruptColumn(column, due)
  return parsed
}

/** What `parse` makes of a column of a number. Throws `store_corrupt` when that is nothing. */
export function storedNumber<T>(
  row: Readonly<Record<string, unknown>>,
  column: string,
  parse: (value: number) => T | undefined,
  due: string,
): T {
  const value = row[column]
  const parsed = typeof value === 'number' ? parse(value) : undefined
  if (parsed === undefined) throw corruptColumn(column, due)
  return parsed
}

/** The value of a column of bytes. Throws `store_corrupt` when they are not those of one. */
export function storedValue<T>(
  row: Readonly<Record<string, unknown>>,
  column: string,
  codec: Codec<T>,
  due: string,
): T {
  const value = decode(codec, storedBytes(row, column))
  if (isRejection(value)) throw corruptColumn(column, due)
  return value as T
}

function corruptColumn(column: string, due: string): StoreFault {
  return new StoreFault('store_corrupt', `column ${column} of the store does not hold ${due}`)
}
