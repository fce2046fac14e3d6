import type { BrowserContext, Page } from 'playwright-core'

export const PASSPHRASE = 'correct horse battery'

/** A page of the shop; what it waits for has to come within half a minute. */
export async function visit(profile: BrowserContext, url: string): Promise<Page> {
  const page = await profile.newPage()
  page.setDefaultTimeout(30_000)
  await page.goto(url)
  return page
}

/** Orders a product from the shop's first page on; the answer is the path of the order. */
export async function buy(page: Page, product: string): Promise<string> {
  await page.getByRole('link', { name: 'Wick & Clay' }).click()
  await page.getByRole('link', { name: product }).click()
  await page.getByRole('button', { name: 'Buy for' }).click()
  await page.getByText('Waiting for payment').waitFor()
  return new URL(page.url()).pathname
}

/** Types a passphrase into the dialog of the wallet and sends it. */
export async function unlock(page: Page, passphrase: string, button = 'Open'): Promise<void> {
  await page.getByLabel('Passphrase').fill(passphrase)
  await page.getByRole('button', { name: button, exact: true }).click()
}
