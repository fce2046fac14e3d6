import { existsSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { type Browser, chromium } from 'playwright-core'

/** Where systems put it; `CHROMIUM` names another place. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** A headless Chromium for one test. Fails where there is none: what runs in browsers is tried in one, or not at all. */
export async function startChromium(t: TestContext): Promise<Browser> {
  const { CHROMIUM } = process.env
  const executablePath = CHROMIUM ?? PLACES.find((place) => existsSync(place))
  if (executablePath === undefined) {
    const detail = `there is no Chromium at ${PLACES.join(', ')}`
    throw new Error(`${detail}: "apt-get install chromium", or say in CHROMIUM where one is`)
  }
  // In a container there is often no room in /dev/shm, and no right to a sandbox of its own.
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu']
  const browser = await chromium.launch({ executablePath, args })
  t.after(() => browser.close())
  return browser
}
