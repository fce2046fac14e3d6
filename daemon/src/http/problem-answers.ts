import type { Duplex } from 'node:stream'
import type { Response } from 'express'
import {
  type Problem,
  plainProblem,
  problemDetails,
  refuseConnection,
  sendProblem,
} from './problem.js'

/** What a code is answered with. */
export type ProblemAnswer = readonly [status: number, retryable: boolean]

/** What a server refuses for, by its code. */
export type Refusal<Code extends string> = { readonly code: Code; readonly detail: string }

/** The ways to refuse of one server, by its one table of HTTP statuses. */
export function problemAnswers<Code extends string>(
  answers: Readonly<Record<Code, ProblemAnswer>>,
) {
  const problemOf = ({ code, detail }: Refusal<Code>): Problem => {
    const [status, retryable] = answers[code]
    return { code, detail, status, retryable }
  }
  return {
    problemOf,
    problemDetails: (refusal: Refusal<Code>, requestId: string) =>
      problemDetails(problemOf(refusal), requestId),
    sendProblem: (response: Response, refusal: Refusal<Code>) =>
      sendProblem(response, problemOf(refusal)),
    plainProblem: (refusal: Refusal<Code>) => plainProblem(problemOf(refusal)),
    refuseConnection: (socket: Duplex, refusal: Refusal<Code>) =>
      refuseConnection(socket, problemOf(refusal)),
  }
}
