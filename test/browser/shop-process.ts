import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const SERVER = fileURLToPath(new URL('../../../docs/examples/shop/server.js', import.meta.url))

/** The example shop as a process of its own. */
export type ShopProcess = { readonly url: string; readonly password: string }

/** Starts the shop on a ledger and a hub; it is stopped after the test. */
export async function startShop(
  t: TestContext,
  network: { readonly ledgerUrl: string; readonly hubUrl: string },
): Promise<ShopProcess> {
  const data = mkdtempSync(join(tmpdir(), 'tallystick-shop-'))
  const env = {
    ...process.env,
    LEDGER: network.ledgerUrl,
    HUB: network.hubUrl,
    DATA: data,
    PORT: '0',
  }
  const child = spawn(process.execPath, [SERVER], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  t.after(async () => {
    child.kill('SIGTERM')
    await ended
    rmSync(data, { recursive: true, force: true })
  })
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, found] = /^shop +(http:\S+)$/.exec(line) ?? []
      if (found !== undefined) resolve(found)
    })
    void ended.then(() => reject(new Error('the shop ended')))
  })
  return { url, password: readFileSync(join(data, 'merchant.password'), 'utf8').trim() }
}
