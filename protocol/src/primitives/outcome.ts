/** The protocol says no: a stable code, the facts in a sentence, and what would have been right. */
export type Rejection<Code extends string = string> = {
  readonly kind: 'rejection'
  readonly code: Code
  /** What was wrong and, where it helps, what would be right. Never carries a secret. */
  readonly detail: string
}

/** A rejection as a value; cores return it, they never throw it. */
export function reject<Code extends string>(code: Code, detail: string): Rejection<Code> {
  return { kind: 'rejection', code, detail }
}

/** Whether an outcome is the refusal rather than the result. */
export function isRejection<T>(outcome: T): outcome is Extract<T, { readonly kind: 'rejection' }> {
  return (
    typeof outcome === 'object' &&
    outcome !== null &&
    'kind' in outcome &&
    outcome.kind === 'rejection'
  )
}
