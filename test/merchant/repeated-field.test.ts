import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { repeatedField } from '#merchant/api/repeated-field.js'

describe('a field that an object of a request has twice', () => {
  test('is found wherever it is, and however it is written', () => {
    const texts: readonly (readonly [text: string, name: string])[] = [
      ['{"a":1,"a":1}', 'a'],
      ['{"a":1,"b":{},"\\u0061":2}', 'a'],
      ['[{"b":{"c":[{"x":1 , "x" :2}]}}]', 'x'],
      ['{"":1,"":2}', ''],
      ['{"a\\"":1,"a\\"":2}', 'a"'],
      ['{"__proto__":1,"__proto__":2}', '__proto__'],
    ]
    for (const [text, name] of texts) assert.equal(repeatedField(text), name, text)
  })

  test('is not taken for one in another object, in a list or in a text', () => {
    for (const text of [
      '{"a":{"a":1},"b":[{"a":1},{"a":2}]}',
      '{"a":"{\\"b\\":1,\\"b\\":2}","b":["b","b"]}',
      '"a"',
      '{"a":"\\\\","b":"a"}',
    ]) {
      assert.equal(repeatedField(text), undefined, text)
    }
  })

  test('is the one that was put in, and else none (property)', () => {
    const objects = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 })
    fc.assert(
      fc.property(objects, fc.nat(), fc.boolean(), (value, place, isSpaced) => {
        const indent = isSpaced ? 1 : 0
        assert.equal(repeatedField(JSON.stringify([value], undefined, indent)), undefined)
        const names = Object.keys(value)
        const name = names[place % names.length] ?? ''
        const text = JSON.stringify(value, undefined, indent)
        const twice = `${text.slice(0, text.lastIndexOf('}'))},${JSON.stringify(name)}:null}`
        assert.equal(repeatedField(`{"outer":${twice}}`), name)
      }),
    )
  })
})
