export { type Problem, requestIdOf, sendProblem } from './http/problem.js'
export { type ProblemAnswer, problemAnswers, type Refusal } from './http/problem-answers.js'
export { addressUrl, listen, patientStop, stopAtOnce } from './http/serve.js'
