import { invariant } from '../primitives/invariant.js'
import type { Codec } from './codec.js'
import type { Reader } from './reader.js'
import type { Writer } from './writer.js'

/**
 * How the difference of two values is written: `read` of the first value and the bytes gives the second
 * one. Not canonical, and never sent: a log that only its writer reads. What the two share by reference
 * is taken to be the same, which is what makes it short and cheap; what only looks the same is written.
 */
export type Delta<T> = {
  write(writer: Writer, before: T, after: T): void
  read(reader: Reader, before: T): T
}

/** The difference of two values of a codec: field by field of a struct, item by item of a list. */
export function deltaOf<T>(codec: Codec<T>): Delta<T> {
  const { parts } = codec
  switch (parts?.kind) {
    case undefined:
      return {
        write: (writer, _, after) => codec.write(writer, after),
        read: (reader) => codec.read(reader),
      }
    case 'struct':
      return structDelta(parts.fields) as Delta<unknown> as Delta<T>
    case 'list':
      return listDelta(parts.item) as Delta<unknown> as Delta<T>
  }
}

/** The fields that a mask has bits for. */
const FIELDS_MAX = 24

type Fields = { readonly [name: string]: unknown }

/** Three bytes of flags, a field each from the lowest bit; then the difference of each that changed. */
function structDelta(fields: readonly (readonly [string, Codec<unknown>])[]): Delta<Fields> {
  invariant(
    fields.length <= FIELDS_MAX,
    `a struct of a difference has at most ${FIELDS_MAX} fields`,
  )
  const names = fields.map(([name]) => name)
  const deltas = fields.map(([, codec]) => deltaOf(codec))
  const count = fields.length
  return {
    write: (writer, before, after) => {
      let mask = 0
      for (let i = 0; i < count; i++) {
        const name = names[i] as string
        if (before[name] !== after[name]) mask |= 1 << i
      }
      writer.byte(mask & 0xff)
      writer.byte((mask >>> 8) & 0xff)
      writer.byte(mask >>> 16)
      for (let i = 0; mask !== 0; i++, mask >>>= 1) {
        if ((mask & 1) === 0) continue
        const name = names[i] as string
        deltas[i]?.write(writer, before[name], after[name])
      }
    },
    read: (reader, before) => {
      const mask = reader.byte() | (reader.byte() << 8) | (reader.byte() << 16)
      const after: Record<string, unknown> = {}
      for (let i = 0; i < count; i++) {
        const name = names[i] as string
        const isChanged = (mask & (1 << i)) !== 0
        after[name] = isChanged ? deltas[i]?.read(reader, before[name]) : before[name]
      }
      return after
    },
  }
}

/**
 * Items are replaced, never changed: the places of those that are gone, counted in the list before, then
 * the places in the list after of the new ones, both ascending, each as the distance from the one before;
 * then the new ones.
 */
function listDelta(item: Codec<unknown>): Delta<readonly unknown[]> {
  return {
    write: (writer, before, after) => {
      const { gone, added } = differenceOf(before, after)
      writePlaces(writer, gone)
      writePlaces(writer, added)
      for (const place of added) item.write(writer, after[place])
    },
    read: (reader, before) => {
      const gone = new Set(readPlaces(reader))
      const added = readPlaces(reader)
      const after = before.filter((_, place) => !gone.has(place))
      for (const place of added) after.splice(place, 0, item.read(reader))
      return after
    },
  }
}

/** Items that are looked through one by one. */
const LOOKED_THROUGH_MAX = 8

/** Most lists share all but an item or two: only what lies between the shared ends is looked through. */
function differenceOf(
  before: readonly unknown[],
  after: readonly unknown[],
): { readonly gone: readonly number[]; readonly added: readonly number[] } {
  let at = 0
  while (at < before.length && at < after.length && before[at] === after[at]) at++
  if (at === before.length) return { gone: [], added: placesFrom(at, after.length) }
  let [beforeEnd, afterEnd] = [before.length, after.length]
  while (beforeEnd > at && afterEnd > at && before[beforeEnd - 1] === after[afterEnd - 1]) {
    beforeEnd--
    afterEnd--
  }
  const gone: number[] = []
  const added: number[] = []
  // A set costs more than to look through a few.
  const left = afterEnd - at > LOOKED_THROUGH_MAX ? new Set(after.slice(at, afterEnd)) : undefined
  for (let place = at; place < beforeEnd; place++) {
    const item = before[place]
    if (!(left?.has(item) ?? isAmong(item, after, at, afterEnd))) {
      gone.push(place)
      continue
    }
    while (at < afterEnd && after[at] !== item) added.push(at++)
    // One that comes twice, or has changed places with another, is taken for a new one.
    if (at === afterEnd) gone.push(place)
    else at++
  }
  while (at < afterEnd) added.push(at++)
  return { gone, added }
}

function isAmong(item: unknown, items: readonly unknown[], from: number, end: number): boolean {
  for (let place = from; place < end; place++) if (items[place] === item) return true
  return false
}

function placesFrom(first: number, end: number): readonly number[] {
  const places: number[] = []
  for (let place = first; place < end; place++) places.push(place)
  return places
}

function writePlaces(writer: Writer, places: readonly number[]): void {
  writer.varint(places.length)
  let last = 0
  for (const place of places) {
    writer.varint(place - last)
    last = place
  }
}

function readPlaces(reader: Reader): readonly number[] {
  const places: number[] = []
  let last = 0
  for (let left = reader.varint(); left > 0; left--) {
    last += reader.varint()
    places.push(last)
  }
  return places
}
