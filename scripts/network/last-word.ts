/** Why a process ended, as it said itself. */
export type LastWord = { readonly code: string; readonly detail: string }

/** The level of a line of a log after which its process ends. */
const FATAL = 60

/**
 * What a process said last in its log, where that is a reason for its end: `CODE: DETAIL`, or a fatal line of JSON.
 * `undefined`: it was killed, or died of something that it could not tell.
 */
export function lastWord(log: string): LastWord | undefined {
  const [line = ''] = log.trimEnd().split('\n').slice(-1)
  const [, code, detail] = /^(\w+): (.+)$/.exec(line) ?? []
  if (code !== undefined) return { code, detail: `${code}: ${detail}` }
  return loggedFault(line)
}

function loggedFault(line: string): LastWord | undefined {
  let said: LogLine | null
  try {
    said = JSON.parse(line) as LogLine | null
  } catch {
    return undefined
  }
  if (said === null || said.level === undefined || said.level < FATAL) return undefined
  const code = said.code ?? said.err?.code ?? 'failed'
  return { code, detail: `${code}: ${said.detail ?? said.err?.message ?? said.msg}` }
}

type LogLine = {
  readonly level?: number
  readonly code?: string
  readonly detail?: string
  readonly msg?: string
  readonly err?: { readonly code?: string; readonly message?: string }
}
