import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { CommandError, EXIT, type FailureNames, failureOf } from '@tallystick/daemon'
import { CommanderError } from 'commander'

class Broken extends Error {}

const NAMES: FailureNames = {
  known: (error) => {
    if (error instanceof Broken) {
      return { code: 'promise_broken', detail: error.message, exit: EXIT.fault }
    }
    return error instanceof RangeError ? { code: 'too_far', detail: error.message } : undefined
  },
  unknown: 'program_failed',
}

describe('what a failure is told as', () => {
  test('a command ends with the code that it says, 1 if it says none', () => {
    assert.deepEqual(failureOf(new CommandError('gone', 'it is not there'), NAMES), {
      ...{ code: 'gone', detail: 'it is not there', exit: 1 },
    })
    assert.equal(failureOf(new CommandError('gone', '', EXIT.pending), NAMES).exit, 3)
  })

  test('what the program knows keeps its name and exit code, and what nobody knows is a defect of it', () => {
    assert.deepEqual(failureOf(new Broken('cut short'), NAMES), {
      ...{ code: 'promise_broken', detail: 'cut short', exit: 70 },
    })
    assert.equal(failureOf(new RangeError('far'), NAMES).exit, 1)
    assert.deepEqual(failureOf(new TypeError('odd'), NAMES), {
      code: 'program_failed',
      detail: 'the program failed where it should not, please report it: TypeError: odd',
      exit: 70,
    })
  })

  test('a command line that cannot be read is its usage, in the words of who reads it', () => {
    const unread = new CommanderError(1, 'commander.unknownOption', "error: unknown option '--x'")
    assert.deepEqual(failureOf(unread, NAMES), {
      ...{ code: 'usage', detail: "unknown option '--x'", exit: 1 },
    })
    const none = new CommanderError(1, 'commander.help', '(outputHelp)')
    assert.equal(failureOf(none, NAMES).detail, 'a command is due')
  })

  test('INV-45 what others said stays on its line and moves no cursor', () => {
    const { code, detail } = failureOf(new CommandError('a\x1b[2J', 'one \n two\r\x07'), NAMES)
    assert.equal(code, 'a\\x1b[2J')
    assert.equal(detail, 'one two\\x0d\\x07')
  })
})

/** A program of one line, which cannot do what it is there for. */
function ended(line: string, ...args: string[]) {
  const program = `import { CommandError, stopOnFailure, stopRunning } from '@tallystick/daemon'
    import { CommanderError } from 'commander'
    const names = { known: () => undefined, unknown: 'program_failed' }
    ${line}`
  const given = ['--input-type=module', '--eval', program, '--', ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, given, { encoding: 'utf8' })
  return { status, stdout, stderr }
}

describe('how a process ends', () => {
  const failing = "stopOnFailure(new CommandError('gone', 'it is not there', 4), names)"

  test('a failure is one line on standard error, and with --json one object on standard output', () => {
    const stderr = 'gone: it is not there\n'
    assert.deepEqual(ended(failing), { status: 4, stdout: '', stderr })
    assert.deepEqual(ended(failing, '--json'), {
      status: 4,
      stdout: '{"error":{"code":"gone","detail":"it is not there"}}\n',
      stderr,
    })
  })

  test('help that was asked for is no failure', () => {
    const line = "stopOnFailure(new CommanderError(0, 'commander.helpDisplayed', ''), names)"
    assert.deepEqual(ended(line), { status: 0, stdout: '', stderr: '' })
  })

  test('a server that has to stop logs why and ends with 70; what has no name is logged whole', () => {
    const log = 'const log = { fatal: (...said) => console.log(JSON.stringify(said)) }'
    const named = "new CommandError('disk_full', 'no room')"
    const stop = (fault: string) =>
      ended(`${log}; stopRunning(${fault}, { names, log, who: 'the shop' })`)
    assert.deepEqual(stop(named), {
      status: 70,
      stdout:
        '[{"code":"disk_full","detail":"no room"},"the shop stops: it could not keep a durable promise"]\n',
      stderr: '',
    })
    assert.match(
      stop("{ odd: 'thing' }").stdout,
      /"code":"program_failed".*"err":\{"odd":"thing"\}/,
    )
  })
})
