/**
 * One block of code of a document, in the order in which its reader meets them: a file to write, a command to run
 * in a terminal, or what that prints.
 */
export type Block = {
  readonly kind: 'file' | 'command' | 'output'
  /** The name of the file or of the terminal; `''`: the terminal that the reader has open anyway. */
  readonly name: string
  readonly text: string
  /** The heading that it stands under. */
  readonly section: string
  /** Where it stands, for whoever has to mend it: `path:line`. */
  readonly at: string
}

const FENCE = /^```(\S*)(?: (.+))?\n([\s\S]*?)^```$/gm
const HEADING = /^#+ (.+)$/gm

/**
 * The blocks of a Markdown document. `js file=NAME` and `html file=NAME` are files, `sh` a command, `text` what the
 * command before it prints; `terminal=NAME` is a terminal of its own, which stays open. `sh setup` makes what a test
 * has anyway. Whatever else is a block is refused: nobody would run it.
 */
export function tutorialBlocks(path: string, document: string): readonly Block[] {
  return [...document.matchAll(FENCE)].flatMap((fence): readonly Block[] => {
    const [, language = '', info = '', text = ''] = fence
    const before = document.slice(0, fence.index)
    const at = `${path}:${before.split('\n').length}`
    const section = [...before.matchAll(HEADING)].at(-1)?.[1] ?? ''
    const [, key, name = ''] = /^(file|terminal)=([\w.-]+)$/.exec(info) ?? []
    const kind = `${language} ${key ?? info}`.trim()
    switch (kind) {
      case 'js file':
      case 'html file':
        return [{ kind: 'file', name, text, section, at }]
      case 'sh':
      case 'sh terminal':
        return [{ kind: 'command', name, text, section, at }]
      case 'text':
      case 'text terminal':
        return [{ kind: 'output', name, text, section, at }]
      case 'sh setup':
        return []
      default:
        throw new Error(`${at}: no test knows what to do with a block of '${language} ${info}'`)
    }
  })
}
