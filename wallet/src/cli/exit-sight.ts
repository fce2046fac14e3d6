import { type ExitPlan, LedgerError, WalletError } from '@tallystick/client-sdk'
import type { ExitRoute } from './exit-route.js'

/** A channel on its way out, as it stands. */
export type Sight = { readonly route: ExitRoute } & (
  | { readonly kind: 'planned'; readonly plan: ExitPlan }
  | { readonly kind: 'settled' }
  /** It cannot be left, or the node did not say; `retryable`: it may later. */
  | {
      readonly kind: 'problem'
      readonly code: string
      readonly detail: string
      readonly retryable: boolean
    }
)

/** Looks at every channel; one that cannot be looked at holds up no other. */
export async function lookAt(routes: readonly ExitRoute[]): Promise<Sight[]> {
  const sights: Sight[] = []
  for (const route of routes) sights.push(await sightOf(route))
  return sights
}

/** The channel now, after `work` on it if there is any. */
export async function sightOf(
  route: ExitRoute,
  work: () => Promise<void> = async () => undefined,
): Promise<Sight> {
  try {
    await work()
    const plan = await route.plan()
    return plan === undefined ? { kind: 'settled', route } : { kind: 'planned', route, plan }
  } catch (error) {
    if (!(error instanceof LedgerError || error instanceof WalletError)) throw error
    const { code, message: detail, retryable } = error
    return { kind: 'problem', route, code, detail, retryable }
  }
}

export function isUnsettled({ kind }: Sight): boolean {
  return kind !== 'settled'
}

/** What costs more to leave than it brings is left alone. */
export function isEmpty({ step, known }: ExitPlan): boolean {
  return step.kind === 'forceClose' && known.most === 0n
}

export function isToLeave(sight: Sight): boolean {
  return sight.kind === 'planned' && sight.plan.step.kind === 'forceClose' && !isEmpty(sight.plan)
}

/** There is nothing more to do, or to wait for. */
export function isOver(sight: Sight): boolean {
  switch (sight.kind) {
    case 'settled':
      return true
    case 'planned':
      return isEmpty(sight.plan)
    case 'problem':
      return !sight.retryable
  }
}

/** Nothing can be done now but to wait. */
export function isUnderWay(sight: Sight): boolean {
  if (sight.kind !== 'planned') return false
  const { step } = sight.plan
  return (step.kind === 'window' && !step.answerDue) || step.kind === 'items'
}
