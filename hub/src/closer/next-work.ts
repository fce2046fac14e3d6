/** What a batch is made of. */
export type Work = 'closes' | 'withdrawals' | 'liquidity'
const WORK: readonly Work[] = ['closes', 'withdrawals', 'liquidity']

/** What comes after `last` and is there, round about. */
export function nextWork(last: Work, isThere: Readonly<Record<Work, boolean>>): Work {
  const from = WORK.indexOf(last) + 1
  const turns = [...WORK.slice(from), ...WORK.slice(0, from)]
  return turns.find((work) => isThere[work]) ?? last
}
