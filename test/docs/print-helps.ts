import { pathToFileURL } from 'node:url'

/*
 * Prints what `--help` says of a program and of each of its commands, as one JSON object by their names: `''`, `pay`,
 * `key create`. In one process, because most of what a program's help takes is to load the program.
 */

/** The names of the commands that a help lists. */
function commandsIn(text: string): readonly string[] {
  const [, listed = ''] = text.split('\nCommands:\n')
  const [commands = ''] = listed.split('\n\n')
  const names = [...commands.matchAll(/^ {2}([a-z-]+)[ |\n]/gm)].map(([, name]) => name ?? '')
  return names.filter((name) => name !== 'help')
}

const [, , program = ''] = process.argv
const helps: Record<string, string> = {}
let loads = 0

async function help(name: string): Promise<string> {
  const words = name === '' ? [] : name.split(' ')
  process.argv = [process.execPath, program, ...words, '--help']
  let said = ''
  process.stdout.write = (chunk) => {
    said += chunk
    return true
  }
  // The program ends when it has shown its help.
  await import(`${pathToFileURL(program)}?${loads++}`).catch(() => undefined)
  return said
}

const { write } = process.stdout
const { exit } = process
process.exit = () => {
  throw new Error('the end')
}
const names = ['']
for (const name of names) {
  const said = await help(name)
  helps[name] = said
  names.push(...commandsIn(said).map((command) => `${name} ${command}`.trim()))
}
process.stdout.write = write
process.stdout.write(JSON.stringify(helps), () => exit(0))
