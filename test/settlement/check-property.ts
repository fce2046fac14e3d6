import { randomInt } from 'node:crypto'
import type { TestContext } from 'node:test'
import fc from 'fast-check'

/**
 * Tries a property on random inputs. The seed is printed with every run; `SEED=…` in the
 * environment repeats it.
 */
export function checkProperty<T extends [unknown, ...unknown[]]>(
  context: TestContext,
  property: fc.IProperty<T>,
  numRuns: number,
): void {
  const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31))
  context.diagnostic(`seed ${seed}`)
  fc.assert(property, { seed, numRuns })
}

/** The same for a property that waits. */
export async function checkAsyncProperty<T extends [unknown, ...unknown[]]>(
  context: TestContext,
  property: fc.IAsyncProperty<T>,
  numRuns: number,
): Promise<void> {
  const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31))
  context.diagnostic(`seed ${seed}`)
  await fc.assert(property, { seed, numRuns })
}
