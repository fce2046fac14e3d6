import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandError } from '@tallystick/daemon'
import { type EventPage, followEvents } from '#merchant/cli/follow-events.js'

const event = (id: string) => ({ id }) as EventPage['data'][number]
const page = (...ids: readonly string[]): EventPage => {
  return { data: ids.map(event), has_more: false, next: ids.at(-1) ?? null }
}
const away = new CommandError('merchant_unreachable', 'no server answers')

/** What is told, and what is asked for, while the server answers like this, one after the other. */
async function follow(answers: readonly (EventPage | Error)[], isFollowing = true) {
  const [told, asked]: [string[], (string | null)[]] = [[], []]
  let pauses = 0
  const end = new Error('the last answer was given')
  const fault = await followEvents({
    after: null,
    isFollowing,
    ask: async (cursor) => {
      const answer = answers[asked.push(cursor) - 1] ?? end
      if (answer instanceof Error) throw answer
      return answer
    },
    tell: ({ id }) => told.push(id),
    pause: async () => {
      pauses++
    },
  }).catch((error) => error)
  return { told, asked, pauses, fault: fault === end ? undefined : fault }
}

test('events --follow goes on behind the last event that it has told when the server comes back', async () => {
  const { told, asked, pauses, fault } = await follow([
    page('evt_1'),
    away,
    away,
    away,
    page('evt_2', 'evt_3'),
    away,
    page('evt_4'),
  ])
  assert.deepEqual(told, ['evt_1', 'evt_2', 'evt_3', 'evt_4'])
  const one = 'evt_1'
  assert.deepEqual(asked, [null, one, one, one, one, 'evt_3', 'evt_3', 'evt_4'])
  assert.deepEqual([pauses, fault], [4, undefined])
})

test('events ends by name where no server was there, one refuses, or nobody follows', async () => {
  assert.equal((await follow([away])).fault, away)
  const refused = new CommandError('not_found', 'there is no such event')
  assert.equal((await follow([page('evt_1'), refused])).fault, refused)
  const more = { ...page('evt_1'), has_more: true }
  assert.equal((await follow([more, away], false)).fault, away)
  assert.deepEqual((await follow([more, page('evt_2')], false)).asked, [null, 'evt_1'])
})
