import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Seen from the compiled file. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** What people read of this repository; `path` from its root. */
export type Document = { readonly path: string; readonly text: string }

/** What is not of the repository, or not for people. */
const UNREAD = /^(?:node_modules|dist|data|tutorial-.*|\.git)$/

/** Every Markdown document, by its path. */
export function documents(folder = ''): readonly Document[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return UNREAD.test(entry.name) ? [] : documents(path)
    return path.endsWith('.md') ? [{ path, text: readFileSync(join(ROOT, path), 'utf8') }] : []
  })
}
