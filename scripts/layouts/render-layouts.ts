import { type Layout, STATE_ENTRIES } from '@tallystick/protocol'
import { LAYOUT_OBJECTS, type LayoutObject } from './layout-objects.js'

/** Where the rendered part of the specification begins and ends. */
export const LAYOUTS_BEGIN = '<!-- layouts:begin -->'
export const LAYOUTS_END = '<!-- layouts:end -->'

/** A nested object is recognised by being the very layout of a named codec. */
const NAME_OF_LAYOUT: ReadonlyMap<Layout, string> = new Map(
  LAYOUT_OBJECTS.map(({ name, codec }) => [codec.layout, name]),
)

/** The byte layout of every object of the specification as markdown tables. */
export function renderLayouts(): string {
  return [...LAYOUT_OBJECTS.map(renderObject), renderStateEntries()].join('\n\n')
}

/** `document` with the part between the two marks replaced by `layouts`. */
export function withLayouts(document: string, layouts: string): string {
  const [begin, end] = [document.indexOf(LAYOUTS_BEGIN), document.indexOf(LAYOUTS_END)]
  if (begin < 0 || end < begin) throw new Error('the document has no marks for the layouts')
  const head = document.slice(0, begin + LAYOUTS_BEGIN.length)
  return `${head}\n\n${layouts}\n\n${document.slice(end)}`
}

function renderObject({ name, codec: { layout }, tag }: LayoutObject): string {
  const heading =
    tag === undefined ? `#### ${name}` : `#### ${name} (tag 0x${tag.toString(16).padStart(2, '0')})`
  return `${heading}\n\n${renderTop(layout)}`
}

function renderTop(layout: Layout): string {
  if (typeof layout === 'string') return readable(layout)
  if ('fields' in layout) {
    const rows = layout.fields.map(([name, inner]) => [name, renderInner(inner)])
    return table(['field', 'layout'], rows)
  }
  if ('cases' in layout) {
    const rows = layout.cases.map(([byte, kind, inner]) => [`${byte}`, kind, renderInner(inner)])
    return table(['byte', 'case', 'then'], rows)
  }
  return renderItems(layout.items, layout.bounds)
}

function renderInner(layout: Layout): string {
  const name = NAME_OF_LAYOUT.get(layout)
  if (name !== undefined) return `\`${name}\``
  if (typeof layout === 'string') return readable(layout)
  if ('fields' in layout) return renderFields(layout.fields)
  if ('cases' in layout) return renderCases(layout.cases)
  return renderItems(layout.items, layout.bounds)
}

function renderFields(fields: readonly (readonly [name: string, layout: Layout])[]): string {
  if (fields.length === 0) return 'nothing'
  return `{ ${fields.map(([name, inner]) => `${name}: ${renderInner(inner)}`).join('; ')} }`
}

function renderCases(
  cases: readonly (readonly [byte: number, kind: string, layout: Layout])[],
): string {
  const parts = cases.map(([byte, kind, inner]) => {
    const content = renderInner(inner)
    return content === 'nothing' ? `${byte} ${kind}` : `${byte} ${kind}, ${content}`
  })
  return `byte: ${parts.join(' / ')}`
}

function renderItems(item: Layout, bounds: string): string {
  return `${readable(bounds)}, then each: ${renderInner(item)}`
}

/** Entries of the state: the byte that names the kind, and what stands under the hashes of both. */
function renderStateEntries(): string {
  const rows = Object.entries(STATE_ENTRIES).map(([kind, { byte, key, value }]) => {
    return [`${byte}`, kind, renderInner(key.layout), renderInner(value.layout)]
  })
  return `#### State entries (key tag 0x07, value tag 0x08)\n\n${table(['byte', 'kind', 'key', 'value'], rows)}`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}

/** Large powers of two as such: 281474976710656 becomes 2^48, 65535 becomes 2^16-1. */
function readable(layout: string): string {
  return layout.replace(/\b\d{5,}\b/g, (digits) => {
    const value = BigInt(digits)
    if (isPowerOfTwo(value)) return `2^${exponentOf(value)}`
    return isPowerOfTwo(value + 1n) ? `2^${exponentOf(value + 1n)}-1` : digits
  })
}

function isPowerOfTwo(value: bigint): boolean {
  return value > 0n && (value & (value - 1n)) === 0n
}

function exponentOf(power: bigint): number {
  return power.toString(2).length - 1
}
