import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import type { LocalNetwork } from '#scripts/network/local-network.js'
import { Playing } from '../tutorials/play-document.js'
import { PASSPHRASE, visit } from './shop-visit.js'

const TUTORIAL = 'docs/tutorials/07-browser.md'
/** Seen from the compiled file; inside the repository, so that package names resolve as they do for a reader. */
const HERE = fileURLToPath(new URL('.', import.meta.url))

/** Plays the tutorial of the browser: its files and commands, and between them what its reader does in the pages. */
export async function playBrowserTutorial(
  t: TestContext,
  stage: {
    readonly network: LocalNetwork
    readonly browser: Browser
    readonly bankWords: string
  },
): Promise<void> {
  const { network, browser, bankWords } = stage
  const dir = join(HERE, `played-${process.pid}`)
  const playing = Playing.begin(network, { dir, bankWords })
  t.after(async () => {
    await playing.stop()
    rmSync(dir, { recursive: true, force: true })
  })
  await playing.document('docs/tutorials/README.md')
  await playing.document(TUTORIAL, 'The pages')
  const site = await playing.here('http://127.0.0.1:8080/')
  const invoice = playing.printed.find((line) => line.startsWith('tally1')) ?? ''
  const words = readFileSync(join(dir, 'tutorial-1/customer.words'), 'utf8').trim()
  const told = readFileSync(new URL(`../../../${TUTORIAL}`, import.meta.url), 'utf8')
  /** Fills the form and sends it: what the page says, which the tutorial has to say as well. */
  const pay = async (page: Page, typed: Readonly<Record<string, string>>) => {
    for (const [name, value] of Object.entries(typed))
      await page.locator(`[name=${name}]`).fill(value)
    await page.getByRole('button', { name: 'Pay' }).click()
    const said = page.locator('output')
    await said.filter({ hasText: /^(?!one moment)./ }).waitFor()
    const text = (await said.textContent()) ?? ''
    assert.ok(told.includes(`\`${text}\``), `the tutorial does not tell of ${text}`)
    return text
  }

  const profile = await browser.newContext()
  const page = await visit(profile, site)
  assert.equal(await pay(page, { passphrase: PASSPHRASE, words, invoice }), 'paid: 3200000')
  await playing.document(TUTORIAL, 'Pay')
  await page.reload()
  assert.equal(await pay(page, { passphrase: 'another one', invoice }), 'passphrase_wrong')
  assert.equal(await pay(page, { passphrase: PASSPHRASE, invoice }), 'paid: 3200000')
  const other = await visit(profile, site)
  assert.equal(await pay(other, { passphrase: PASSPHRASE, invoice }), 'store_in_use')
  await page.close()
  assert.equal(await pay(other, { passphrase: PASSPHRASE, invoice }), 'paid: 3200000')
}
