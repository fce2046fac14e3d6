import { sha256, toHex, utf8 } from '@tallystick/protocol'

/** What an operator must be able to account for. */
export type AuditKind =
  /** A hub began to serve: with which version, over which journal, under which policy. */
  | 'started'
  | 'stopped'
  /** A durable promise could not be kept: the process ended. */
  | 'fault'
  /** The guard sent something to the ledger, or could not: a challenge, a force close, a reveal. */
  | 'guard'
  /** The operator had a channel closed alone. */
  | 'left'
  /** A client has shown that the journal lacks what was signed on its channel. */
  | 'data_lost'
  /** The log that was there before was damaged, and is kept under another name. */
  | 'log_damaged'

/** Values of one line; text that others sent is cut. */
export type AuditFacts = { readonly [name: string]: string | number | boolean | AuditFacts }

/** One line of the log. */
export type AuditEntry = {
  /** 1 for the first line of a log. */
  readonly sequence: number
  /** By the operator's clock, ISO 8601. */
  readonly at: string
  readonly kind: AuditKind
  readonly facts: AuditFacts
  /** `hash` of the line before; of the first, zeros. */
  readonly previous: string
}

/** Bytes of one line with its newline. */
export const AUDIT_LINE_BYTES_MAX = 4_096
/** UTF-16 units of one text in it, of up to 6 bytes: one or two of them fit beside the rest. */
const TEXT_MAX = 256
/** `previous` of the first line. */
export const NO_LINE = '00'.repeat(32)

/** An entry as a line without its newline: JSON, with the SHA-256 of all that is before it at the end. */
export function auditLine(entry: AuditEntry): { readonly line: string; readonly hash: string } {
  // ASCII alone: characters are bytes, and nothing that a peer said moves the cursor of a terminal.
  const body = JSON.stringify(entry)
    .replace(/[^ -~]/g, escaped)
    .slice(0, -1)
  const hash = hashOf(body)
  return { line: `${body},"hash":"${hash}"}`, hash }
}

/**
 * The entry of a line and its hash; `undefined` when it is not what `auditLine` writes. It does not
 * say that the line has its place: its `sequence` and `previous` do.
 */
export function parseAuditLine(
  line: string,
): { readonly entry: AuditEntry; readonly hash: string } | undefined {
  const [, body, hash] = LINE.exec(line) ?? []
  if (body === undefined || hash === undefined || hashOf(body) !== hash) return undefined
  const entry = entryOf(`${body}}`)
  return entry !== undefined && auditLine(entry).line === line ? { entry, hash } : undefined
}

/** Text for a line, cut where it is too long. */
export function auditText(text: string): string {
  return text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}...` : text
}

const LINE = /^(\{"sequence":[1-9][0-9]{0,14},.*),"hash":"([0-9a-f]{64})"\}$/

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function entryOf(json: string): AuditEntry | undefined {
  try {
    const { sequence, at, kind, facts, previous } = JSON.parse(json) as Record<string, unknown>
    const isEntry =
      typeof sequence === 'number' &&
      typeof at === 'string' &&
      typeof kind === 'string' &&
      typeof facts === 'object' &&
      facts !== null &&
      typeof previous === 'string'
    if (!isEntry) return undefined
    return { sequence, at, kind: kind as AuditKind, facts: facts as AuditFacts, previous }
  } catch {
    // Who can write a hash can write it over what is no JSON.
    return undefined
  }
}

function hashOf(body: string): string {
  return toHex(sha256(utf8(body)))
}
