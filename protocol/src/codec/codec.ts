import { AMOUNT_MAX, type Amount } from '../primitives/amount.js'
import { briefBytes } from '../primitives/brief-bytes.js'
import { utf8 } from '../primitives/bytes.js'
import { invariant } from '../primitives/invariant.js'
import { type Rejection, reject } from '../primitives/outcome.js'
import { TIMESTAMP_MAX, type Timestamp } from '../primitives/time.js'
import { MalformedBytes, Reader } from './reader.js'
import { Writer } from './writer.js'

/**
 * The one binary form of a type (ENC-1). `read` refuses whatever `write` would not have written, so
 * every accepted byte string has exactly one meaning and every value exactly one byte string.
 * `layout` says the same in words, for the specification.
 */
export type Codec<T> = {
  readonly layout: Layout
  write(writer: Writer, value: T): void
  read(reader: Reader): T
  /** Goes past the bytes that `read` would take, and says nothing about them; absent: reads them. */
  skip?(reader: Reader): void
  /** Reads named fields into an object that has others; absent: it has no fields, or a rule about them. */
  readInto?(reader: Reader, value: object): T
  /** What a struct or a list is made of; absent: the value is one piece. */
  readonly parts?: Parts
}

export type Parts =
  | { readonly kind: 'struct'; readonly fields: readonly (readonly [string, Codec<unknown>])[] }
  | { readonly kind: 'list'; readonly item: Codec<unknown> }

/** Goes past a value without making it. What is behind it is only where it seems to be once it is read. */
export function skip(codec: Codec<never> | Codec<unknown>, reader: Reader): void {
  if (codec.skip === undefined) codec.read(reader)
  else codec.skip(reader)
}

/** A layout as data: a word for a leaf, or named fields, or numbered cases. */
export type Layout =
  | string
  | { readonly fields: readonly (readonly [name: string, layout: Layout])[] }
  | { readonly cases: readonly (readonly [byte: number, kind: string, layout: Layout])[] }
  | { readonly items: Layout; readonly bounds: string }

/** The type that a codec reads and writes. */
export type Decoded<C> = C extends Codec<infer T> ? T : never

/** The canonical bytes of `value`. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  return useEncoded(codec, value, (bytes) => bytes.slice())
}

/** The same for bytes that are sent or stored, and dropped then: see `briefBytes`. */
export function encodeBriefly<T>(codec: Codec<T>, value: T): Uint8Array {
  return useEncoded(codec, value, briefBytes)
}

/** What `use` makes of the canonical bytes of `value`, which are gone when it returns. */
export function useEncoded<T, Made>(
  codec: Codec<T>,
  value: T,
  use: (bytes: Uint8Array) => Made,
): Made {
  // One buffer for all: encoding is synchronous, and what is left of it is made before the next one.
  const writer = idleWriter ?? new Writer()
  idleWriter = undefined
  writer.clear()
  codec.write(writer, value)
  const made = use(writer.view())
  idleWriter = writer
  return made
}

/** Absent while an encoding is under way, and after one that failed. */
let idleWriter: Writer | undefined

/** The value of canonical `bytes`, or why they are not canonical. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T | Rejection<'malformed'> {
  try {
    const reader = new Reader(bytes)
    const value = codec.read(reader)
    reader.end()
    return value
  } catch (error) {
    if (error instanceof MalformedBytes) return reject('malformed', error.message)
    throw error
  }
}

/** The value of bytes that we wrote ourselves; anything else is a broken invariant. */
export function decodeTrusted<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new Reader(bytes)
  const value = codec.read(reader)
  reader.end()
  return value
}

/** A whole number from `min` to `max`, as a varint. */
export function integer(max: number, min = 0): Codec<number> {
  const rule = `a number here lies in ${min}..${max}`
  return {
    layout: `varint ${min}..${max}`,
    write: (writer, value) => {
      invariant(value >= min && value <= max, rule)
      writer.varint(value)
    },
    read: (reader) => {
      const value = reader.varint()
      if (value > max || value < min) return reader.fail(`the number is outside ${min}..${max}`)
      return value
    },
  }
}

/** Base units, 0..2^63-1, as a varint. */
export const amountCodec: Codec<Amount> = {
  layout: 'varint 0..2^63-1, base units',
  write: (writer, value) => {
    invariant(value <= AMOUNT_MAX, 'an amount lies in 0..2^63-1')
    writer.bigVarint(value)
  },
  // Nine groups of seven bits hold 2^63-1 at most, so a well-formed varint is always in range.
  read: (reader) => reader.bigVarint() as Amount,
}

/** Seconds of ledger time, 0..2^40-1, as a varint. */
export const timestampCodec = {
  ...integer(TIMESTAMP_MAX),
  layout: 'varint 0..2^40-1, seconds',
} as unknown as Codec<Timestamp>

/*
 * What a broken invariant says is put together once per codec: put together at every write, it was the
 * largest part of what a hub's batch left to the collector.
 */

/** Exactly `length` bytes. */
export function fixedBytes(length: number): Codec<Uint8Array> {
  const rule = `${length} bytes are due here`
  return {
    layout: `bytes[${length}]`,
    write: (writer, value) => {
      invariant(value.length === length, rule)
      writer.bytes(value)
    },
    read: (reader) => reader.bytes(length),
    skip: (reader) => reader.pass(length),
  }
}

/** Exactly `length` bytes, held as branded lower-case hex. */
export function identifier<Id extends string>(length: number): Codec<Id> {
  const rule = `${length} bytes are due here`
  return {
    layout: `bytes[${length}]`,
    write: (writer, value) => {
      invariant(value.length === 2 * length, rule)
      writer.hex(value)
    },
    read: (reader) => reader.hex(length) as Id,
    skip: (reader) => reader.pass(length),
  }
}

/** A length-prefixed byte string of at most `max` bytes. */
export function byteString(max: number): Codec<Uint8Array> {
  const length = integer(max)
  return {
    layout: `varint length 0..${max}, bytes[length]`,
    write: (writer, value) => {
      length.write(writer, value.length)
      writer.bytes(value)
    },
    read: (reader) => reader.bytes(length.read(reader)),
    skip: (reader) => reader.pass(length.read(reader)),
  }
}

/** Length-prefixed UTF-8 of at most `max` bytes. Lone surrogates and overlong forms are refused. */
export function text(max: number): Codec<string> {
  const content = byteString(max)
  return {
    layout: `varint length 0..${max}, UTF-8[length]`,
    write: (writer, value) => {
      const bytes = utf8(value)
      invariant(decodeText(bytes) === value, 'text is well-formed Unicode')
      content.write(writer, bytes)
    },
    read: (reader) => decodeText(content.read(reader)) ?? reader.fail('the text is not UTF-8'),
  }
}

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    // TextDecoder has no other way to say that bytes are not UTF-8.
    return undefined
  }
}

/** A counted list of `min` to `max` items. */
export function list<T>(item: Codec<T>, max: number, min = 0): Codec<readonly T[]> {
  const count = integer(max, min)
  return {
    layout: { items: item.layout, bounds: `varint count ${min}..${max}` },
    parts: { kind: 'list', item: item as Codec<unknown> },
    write: (writer, values) => {
      count.write(writer, values.length)
      for (const value of values) item.write(writer, value)
    },
    read: (reader) => {
      const length = count.read(reader)
      // Of its final size at once, which `max` bounds: the first push would make room for 17.
      const values = new Array<T>(length)
      for (let i = 0; i < length; i++) values[i] = item.read(reader)
      return values
    },
    skip: (reader) => {
      for (let left = count.read(reader); left > 0; left--) skip(item, reader)
    },
  }
}

/** A byte 0, or a byte 1 and the value. */
export function optional<T>(inner: Codec<T>): Codec<T | undefined> {
  return {
    layout: {
      cases: [
        [0, 'absent', 'nothing'],
        [1, 'present', inner.layout],
      ],
    },
    write: (writer, value) => {
      writer.byte(value === undefined ? 0 : 1)
      if (value !== undefined) inner.write(writer, value)
    },
    read: (reader) => {
      const flag = reader.byte()
      if (flag > 1) return reader.fail('a presence flag is 0 or 1')
      return flag === 1 ? inner.read(reader) : undefined
    },
  }
}

/** A byte 0 (false) or 1 (true). */
export const flag: Codec<boolean> = {
  layout: 'byte 0 or 1',
  write: (writer, value) => writer.byte(value ? 1 : 0),
  read: (reader) => {
    const value = reader.byte()
    if (value > 1) return reader.fail('a flag is 0 or 1')
    return value === 1
  },
}

/** One of `words`, as its position in a byte. */
export function oneOf<const Words extends readonly string[]>(
  ...words: Words
): Codec<Words[number]> {
  const rule = `one of ${words.join(', ')} is due here`
  return {
    layout: `byte: ${words.map((word, i) => `${i} ${word}`).join(', ')}`,
    write: (writer, value) => {
      const position = words.indexOf(value)
      invariant(position >= 0, rule)
      writer.byte(position)
    },
    read: (reader) =>
      words[reader.byte()] ?? reader.fail(`the byte is none of ${words.join(', ')}`),
  }
}

type FieldCodecs = { readonly [name: string]: Codec<never> | Codec<unknown> }
type StructOf<F> = { readonly [Name in keyof F]: F[Name] extends Codec<infer T> ? T : never }

/** Named fields, one after the other in the order in which they are given. */
export function struct<const F extends FieldCodecs>(fields: F): Codec<StructOf<F>> {
  const entries = Object.entries(fields) as [keyof F & string, Codec<unknown>][]
  const names = entries.map(([name]) => name)
  const codecs = entries.map(([, codec]) => codec)
  const readInto = (reader: Reader, value: Partial<Record<keyof F, unknown>>) => {
    for (let i = 0; i < names.length; i++) value[names[i] as keyof F] = codecs[i]?.read(reader)
    return value as StructOf<F>
  }
  return {
    layout: { fields: entries.map(([name, codec]) => [name, codec.layout] as const) },
    parts: { kind: 'struct', fields: entries },
    write: (writer, value) => {
      for (let i = 0; i < names.length; i++) {
        codecs[i]?.write(writer, value[names[i] as keyof F])
      }
    },
    read: (reader) => readInto(reader, {}),
    readInto,
    skip: (reader) => {
      for (const [, codec] of entries) skip(codec, reader)
    },
  }
}

type CaseCodecs = {
  readonly [kind: string]: readonly [byte: number, codec: Codec<never> | Codec<unknown>]
}
type UnionOf<C extends CaseCodecs> = {
  [K in keyof C & string]: { readonly kind: K } & (C[K][1] extends Codec<infer T> ? T : never)
}[keyof C & string]

/** A union by `kind`: one byte that names the case, then its fields. */
export function union<const C extends CaseCodecs>(cases: C): Codec<UnionOf<C>> {
  const byKind = new Map<string, readonly [number, Codec<unknown>]>()
  const byByte = new Map<number, readonly [string, Codec<unknown>]>()
  for (const [kind, [byte, codec]] of Object.entries(cases)) {
    invariant(!byByte.has(byte), `case byte ${byte} is used once`)
    byKind.set(kind, [byte, codec as Codec<unknown>])
    byByte.set(byte, [kind, codec as Codec<unknown>])
  }
  return {
    layout: {
      cases: [...byByte].map(([byte, [kind, codec]]) => [byte, kind, codec.layout] as const),
    },
    write: (writer, value) => {
      const found = byKind.get(value.kind)
      invariant(found !== undefined, 'a known kind is due here')
      writer.byte(found[0])
      found[1].write(writer, value)
    },
    read: (reader) => {
      const [kind, codec] = byByte.get(reader.byte()) ?? reader.fail('the byte names no known kind')
      const value =
        codec.readInto === undefined
          ? { kind, ...(codec.read(reader) as object) }
          : codec.readInto(reader, { kind })
      return value as UnionOf<C>
    },
    skip: (reader) => {
      const [, codec] = byByte.get(reader.byte()) ?? reader.fail('the byte names no known kind')
      skip(codec, reader)
    },
  }
}

/** `inner`, refused on reading unless `accept` holds: an order, a uniqueness, a relation of fields. */
export function refine<T>(inner: Codec<T>, accept: (value: T) => boolean, rule: string): Codec<T> {
  return {
    layout: inner.layout,
    write: (writer, value) => {
      invariant(accept(value), rule)
      inner.write(writer, value)
    },
    read: (reader) => {
      const value = inner.read(reader)
      return accept(value) ? value : reader.fail(rule)
    },
    skip: (reader) => skip(inner, reader),
    ...(inner.parts === undefined ? {} : { parts: inner.parts }),
  }
}
