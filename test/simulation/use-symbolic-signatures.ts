import { register } from 'node:module'

/**
 * Makes every module that is loaded from here on check symbolic signatures instead of Ed25519, in
 * this process alone: the packages themselves know no such switch.
 */
export function useSymbolicSignatures(): void {
  register(new URL('./symbolic-loader.js', import.meta.url))
}
