import { EXIT } from './exit-codes.js'

/**
 * Has a command go on to its end where its output finds no reader any more, as of `| head -1`, or no room: what it has
 * begun is not left lying for that. No room is told on standard error, as `output_failed`, and ends it with 1. Once is
 * enough for a process, and again is fine.
 */
export function outliveOutput(): void {
  const { stdout, stderr } = process
  stdout.off('error', tellNoRoom).once('error', tellNoRoom)
  // A stream tells more than once.
  for (const stream of [stdout, stderr]) stream.off('error', ignore).on('error', ignore)
}

function tellNoRoom({ code }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') return
  process.stderr.write(`output_failed: standard output takes nothing (${code})\n`)
  process.exitCode = EXIT.failed
}

function ignore(): void {}
