import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isServed, type ServedAnswer, ServedAnswers } from '#client-sdk/http/served-answers.js'

const MAKING = { headersSent: false, closed: false }
const answerOf = (bytes: number) => ({
  status: 200,
  headers: {},
  body: new Uint8Array(bytes),
  bytes,
})
const PAYMENTS = 8

test('HTTP402-3 the newest answers are kept, within both bounds, whatever is begun, over or given up', () => {
  const payment = fc.nat(PAYMENTS - 1).map(String)
  const step = fc.oneof(
    fc.record({ kind: fc.constant('begin' as const), payment }),
    fc.record({ kind: fc.constant('finish' as const), which: fc.nat(), bytes: fc.nat(6) }),
    fc.record({ kind: fc.constant('forget' as const), which: fc.nat() }),
  )
  const bounds = fc.record({ countMax: fc.nat(5), bytesMax: fc.nat(12) })
  fc.assert(
    fc.property(bounds, fc.array(step, { maxLength: 60 }), ({ countMax, bytesMax }, steps) => {
      const answers = new ServedAnswers({ countMax, bytesMax })
      const begun: ServedAnswer[] = []
      // Oldest first.
      let kept: ServedAnswer[] = []
      const bytes = () => kept.reduce((sum, { answer }) => sum + (answer?.bytes ?? 0), 0)
      const keep = (served: ServedAnswer) => {
        kept = [...kept.filter(({ payment }) => payment !== served.payment), served]
      }
      for (const each of steps) {
        if (each.kind === 'begin') {
          const served = answers.begin(each.payment, 'GET /', MAKING)
          begun.push(served)
          keep(served)
        } else {
          const at = each.which % Math.max(1, begun.length)
          const served = begun[at]
          if (served === undefined) continue
          begun.splice(at, 1)
          if (each.kind === 'forget') {
            answers.forget(served)
            kept = kept.filter((other) => other !== served)
          } else {
            answers.finish(served, answerOf(each.bytes))
            assert.ok(isServed(served))
            if (!kept.includes(served)) keep(served)
          }
        }
        while (kept.length > countMax || bytes() > bytesMax) kept.shift()
        const found = Array.from({ length: PAYMENTS }, (_, i) => answers.get(`${i}`))
        assert.deepEqual(
          found,
          found.map((_, i) => kept.find(({ payment }) => payment === `${i}`)),
        )
      }
    }),
    { numRuns: 500 },
  )
})
