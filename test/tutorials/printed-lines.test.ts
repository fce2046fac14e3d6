import assert from 'node:assert/strict'
import { test } from 'node:test'
import { differenceOf } from './printed-lines.js'
import { tutorialBlocks } from './tutorial-blocks.js'

test('what is printed is compared to the letter, but for what a document leaves open', () => {
  const printed = ['tally1qq', 'paid 5, fee 1', '', 'done']
  const isSaid = (...expected: readonly string[]) => differenceOf(printed, expected) === undefined
  assert.ok(isSaid('tally1…', 'paid 5, fee 1', '', 'done'))
  assert.ok(isSaid('…', 'done'))
  assert.ok(isSaid('tally1qq', '…', 'paid 5, fee …', '', 'done'))
  assert.ok(!isSaid('tally1…', 'paid 5, fee 1', ''))
  assert.ok(!isSaid('tally1…', 'paid 5, fee 1', '', 'done', 'more'))
  assert.ok(!isSaid('tally1qq…', 'paid 5, fee 1', '', 'done'))
  assert.ok(!isSaid('tally1…', 'paid 5. fee 1', '', 'done'))
})

test('a block that no test would run is refused, and none is passed over', () => {
  const fence = '```'
  const shown = (info: string) => `# A\n\ntext\n\n${fence}${info}\nx\n${fence}\n`
  assert.deepEqual(tutorialBlocks('a.md', shown('sh terminal=till')), [
    { kind: 'command', name: 'till', text: 'x\n', section: 'A', at: 'a.md:5' },
  ])
  for (const info of ['js', 'ts', 'sh run', 'json', 'js file=']) {
    assert.throws(() => tutorialBlocks('a.md', shown(info)), /a\.md:5: no test knows/)
  }
  assert.throws(() => tutorialBlocks('a.md', shown('')), /a\.md:5/)
})
