import type { Action } from './action.js'

/** What several plans without an end do, in the order of its time; of two at one moment the first plan's. */
export function* inOrder(plans: readonly Iterator<Action>[]): Generator<Action> {
  const heads = plans.flatMap((plan) => {
    const { value, done } = plan.next()
    return done === true ? [] : [{ plan, action: value as Action }]
  })
  while (heads.length > 0) {
    const first = heads.reduce((least, head) =>
      head.action.atMs < least.action.atMs ? head : least,
    )
    yield first.action
    const { value, done } = first.plan.next()
    if (done === true) heads.splice(heads.indexOf(first), 1)
    else first.action = value as Action
  }
}
