import { parentPort } from 'node:worker_threads'

/** Answers every question but one, over which it ends without a word. */
parentPort?.on('message', (question: string) => {
  if (question === 'end') process.exit(3)
  parentPort?.postMessage(`${question}?`)
})
