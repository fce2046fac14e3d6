import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { LocalNetwork } from '#scripts/network/local-network.js'
import { onFreePorts } from './free-ports.js'
import { differenceOf, linesOf } from './printed-lines.js'
import { Terminal, type TerminalPlace } from './terminal.js'
import { type Block, tutorialBlocks } from './tutorial-blocks.js'

/** The clone, seen from the compiled file. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** Documents that are being played in one folder: their terminals stay open until they are stopped. */
export class Playing {
  readonly #place: TerminalPlace
  readonly #terminals = new Map<string, Terminal>()
  /** By the ports of the documents. */
  readonly #ports: Map<string, number>
  readonly #printed: string[] = []

  private constructor(place: TerminalPlace, ports: Map<string, number>) {
    this.#place = place
    this.#ports = ports
  }

  /** Makes what a reader has before the first page: a network, the bank's words, and a folder beside them. */
  static begin(
    { ledgerUrl, hubUrl }: Pick<LocalNetwork, 'ledgerUrl' | 'hubUrl'>,
    { dir, bankWords }: { readonly dir: string; readonly bankWords: string },
  ): Playing {
    const folder = join(dir, 'tutorial-1')
    for (const made of ['data', 'tutorial-1']) mkdirSync(join(dir, made), { recursive: true })
    writeFileSync(join(dir, 'data/bank.words'), `${bankWords}\n`, { mode: 0o600 })
    const commands = join(ROOT, 'node_modules/.bin')
    const env = { ...process.env, PATH: `${commands}${delimiter}${process.env['PATH']}` }
    const ports = [
      ['9730', Number(new URL(ledgerUrl).port)],
      ['9740', Number(new URL(hubUrl).port)],
    ] as const
    return new Playing({ dir: folder, env }, new Map(ports))
  }

  /** What has been printed so far, and told in a document. */
  get printed(): readonly string[] {
    return this.#printed
  }

  /**
   * Does what a document says, block by block, and holds what is printed against what it says is printed. A command
   * in a terminal of its own runs on; any other is waited for, and prints what the document says, or nothing.
   * `section`: what stands under that heading alone.
   */
  async document(path: string, section?: string): Promise<void> {
    const all = tutorialBlocks(path, readFileSync(join(ROOT, path), 'utf8'))
    const blocks = all.filter((block) => section === undefined || block.section === section)
    if (blocks.length === 0) throw new Error(`${path} has no code under '${section}'`)
    for (const [i, block] of blocks.entries()) {
      try {
        await this.#block(block, blocks[i + 1])
      } catch (error) {
        throw new Error(`${block.at}: ${error instanceof Error ? error.message : error}`)
      }
    }
  }

  /** A text of the document with the addresses that things have here. */
  here(text: string): Promise<string> {
    return onFreePorts(text, this.#ports)
  }

  /** Ends what still runs. */
  async stop(): Promise<void> {
    await Promise.all([...this.#terminals.values()].map((terminal) => terminal.stop()))
  }

  async #block({ kind, name, text }: Block, next: Block | undefined): Promise<void> {
    const said = await this.here(text)
    switch (kind) {
      case 'file':
        writeFileSync(join(this.#place.dir, name), said)
        return
      case 'command': {
        const terminal = this.#terminal(name)
        terminal.begin(said)
        const isTold = next?.kind === 'output' && next.name === ''
        if (name === '' && !isTold) this.#expect(await terminal.end(), [])
        return
      }
      case 'output': {
        const terminal = this.#terminal(name)
        const expected = linesOf(said)
        this.#expect(
          await (name === '' ? terminal.end() : terminal.next(expected.length)),
          expected,
        )
      }
    }
  }

  #expect(printed: readonly string[], expected: readonly string[]): void {
    this.#printed.push(...printed)
    const difference = differenceOf(printed, expected)
    if (difference !== undefined) throw new Error(difference)
  }

  #terminal(name: string): Terminal {
    const terminal = this.#terminals.get(name) ?? new Terminal(this.#place, name)
    this.#terminals.set(name, terminal)
    return terminal
  }
}
