import { type FileHandle, open, rm } from 'node:fs/promises'
import { CommandError, printable } from '@tallystick/daemon'
import { checkOutput } from './output-file.js'

/** Where the bodies of answers go, one after the other. */
export type AnswerSink = {
  /** Whether they are the output of the command, and what it has to say goes beside it. */
  readonly isOutput: boolean
  /** Whether a person sees them go by. */
  readonly isTerminal: boolean
  /** As it comes, never whole in memory; its length, bytes. Throws `output_failed`. */
  write(response: Response): Promise<number>
  close(): Promise<void>
}

export type SinkOptions = {
  readonly keys: string
  readonly store: string
  readonly output?: string
  readonly replace?: true
  readonly json?: true
}

/**
 * A new file of `--output`, or standard output; with `--json` alone they are only counted. Throws
 * `file_exists`, `file_of_wallet`, `file_not_regular`.
 */
export async function openAnswerSink(options: SinkOptions): Promise<AnswerSink> {
  const { output, replace, json } = options
  if (output !== undefined) {
    await checkOutput(output, options, replace && (async () => undefined))
    if (replace) await rm(output, { force: true })
    return fileSink(await open(output, 'wx', FILE_MODE))
  }
  const isOutput = json === undefined
  const isTerminal = isOutput && process.stdout.isTTY === true
  return {
    ...{ isOutput, isTerminal },
    write: (response) => {
      const decoder = new TextDecoder()
      return drain(response, async (bytes) => {
        if (!isOutput) return
        await print(isTerminal ? printable(decoder.decode(bytes, { stream: true })) : bytes)
      })
    },
    close: async () => undefined,
  }
}

/** What was paid for is for whoever paid. */
const FILE_MODE = 0o600

function fileSink(file: FileHandle): AnswerSink {
  return {
    ...{ isOutput: false, isTerminal: false },
    write: (response) => drain(response, (bytes) => file.writeFile(bytes).catch(fail)),
    close: () => file.close(),
  }
}

async function drain(
  { body }: Response,
  take: (bytes: Uint8Array) => Promise<void>,
): Promise<number> {
  const reader = body?.getReader()
  let length = 0
  for (;;) {
    const part = await reader?.read()
    if (part === undefined || part.done) return length
    await take(part.value)
    length += part.value.length
  }
}

/** Kept once it is handed on: a slow reader slows the answer down. */
function print(what: string | Uint8Array): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    process.stdout.write(what, (error) => (error ? reject(error) : resolve()))
  }).catch(fail)
}

/** A disk that is full, or a reader that has had enough: the stream is closed for it as for any other end. */
function fail({ code }: NodeJS.ErrnoException): never {
  const why = code === 'EPIPE' ? 'nobody reads them any more' : `they find no room (${code})`
  throw new CommandError('output_failed', `answers cannot be written: ${why}`)
}
