import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { startChromium } from './chromium.js'

/** Seen from the compiled file. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** The parts of a wallet's store in a browser, as a page has them. */
export type StoreParts = typeof import('#client-sdk/browser/browser-mark.js') &
  typeof import('#client-sdk/browser/indexed-database.js') &
  typeof import('#client-sdk/browser/indexed-store.js') &
  typeof import('#client-sdk/browser/vault.js') &
  typeof import('#client-sdk/browser/wallet-turn.js')

const PARTS = ['browser-mark', 'indexed-database', 'indexed-store', 'vault', 'wallet-turn']

declare global {
  // Of the page, once it is loaded.
  var parts: StoreParts
  var vault: import('#client-sdk/browser/vault.js').Vault
  var place: {
    readonly database: IDBDatabase
    readonly mark: import('#client-sdk/browser/browser-mark.js').BrowserMark
  }
  var store: import('#client-sdk/browser/indexed-store.js').IndexedStore
  /** What a call is refused with: the code of a fault, or its text. */
  var refusal: (call: () => Promise<unknown>) => Promise<string>
}

/** Opens a page that has the parts of a store; each `profile` is another browser as far as pages can tell. */
export type OpenStorePage = (profile: BrowserContext) => Promise<Page>

/** Pages that have the parts of a store, and ask nobody else for anything. */
export async function storePages(
  t: TestContext,
): Promise<{ readonly browser: Browser; readonly open: OpenStorePage; readonly url: string }> {
  const { outputFiles } = await build({
    stdin: {
      contents: PARTS.map((part) => `export * from '#client-sdk/browser/${part}.js'`).join('\n'),
      resolveDir: ROOT,
    },
    ...{ bundle: true, write: false, format: 'esm', platform: 'browser' },
  })
  const server = createServer((request, response) => {
    const isCode = request.url === '/parts.js'
    response.setHeader('content-type', isCode ? 'text/javascript' : 'text/html')
    response.end(isCode ? outputFiles[0]?.contents : '<!doctype html><title>store</title>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const open: OpenStorePage = async (profile) => {
    const page = await profile.newPage()
    await page.goto(url)
    await page.evaluate(async (code) => {
      globalThis.parts = await import(code)
      globalThis.refusal = async (call) => {
        try {
          await call()
          return 'taken'
        } catch (error) {
          return error instanceof Error && 'code' in error ? String(error.code) : String(error)
        }
      }
    }, `${url}parts.js`)
    return page
  }
  return { browser: await startChromium(t), open, url }
}
