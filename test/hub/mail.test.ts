import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  addSeconds,
  type ChannelId,
  isRejection,
  LETTER_SECONDS_MAX,
  type LetterId,
  type MessageOf,
  type PublicKey,
  timestamp,
} from '@tallystick/protocol'
import {
  LETTERS_OF_SENDER_IN_BOX_MAX,
  LETTERS_OF_SENDER_MAX,
  MAILBOX_BYTES_MAX,
  MAILBOX_LETTERS_MAX,
} from '#hub/limits.js'
import { MailBoxes } from '#hub/mail/mail-boxes.js'
import { MailDesk, type Sender } from '#hub/mail/mail-desk.js'
import { Conduct } from '#hub/rates/conduct.js'
import { openMailRows } from '#hub/store/mail-rows.js'
import { CHAIN, testSigner } from '../protocol/test-channel.js'
import { handClock } from './hand-clock.js'

const FOLDER = mkdtempSync(join(tmpdir(), 'tallystick-mail-'))
after(() => rmSync(FOLDER, { recursive: true }))

const ALICE = testSigner(1).publicKey
const BOB = testSigner(2).publicKey
const STRANGER = testSigner(3).publicKey
const START = timestamp(1_700_000_000)
const KEYS = { addresses: new Uint8Array(32).fill(1), senders: new Uint8Array(32).fill(2) }

let files = 0

/** A hub's mail on a file of its own; everybody but the stranger has a channel. */
async function mailOffice(path = join(FOLDER, `mail-${files++}.db`)) {
  const boxes = await MailBoxes.open(await openMailRows(path, CHAIN), (fault) => {
    throw fault
  })
  const office = {
    boxes,
    now: START,
    path,
    stranger: STRANGER,
    desk: undefined as unknown as MailDesk,
  }
  let nonces = 0
  office.desk = new MailDesk({
    boxes,
    keys: KEYS,
    ownsChannel: (identity) => identity !== office.stranger,
    now: () => office.now,
    randomBytes: (length) => new Uint8Array(length).fill(++nonces),
  })
  return office
}

/** A client that goes by `identity`; `channel` is the one of another, where it was taken up under a new name. */
function by(identity: PublicKey, channel: PublicKey = identity): Sender {
  return { identity, channel: channel as string as ChannelId }
}

function letterTo(
  key: PublicKey,
  content: number,
  wish: { readonly bytes?: number; readonly seconds?: number } = {},
): MessageOf<'putLetter'> {
  const letter = new Uint8Array(wish.bytes ?? 480).fill(content % 256)
  letter[1] = content >> 8
  const expiry = addSeconds(START, wish.seconds ?? 600)
  return { kind: 'putLetter', request: 1, to: { kind: 'identity', key }, expiry, letter }
}

function answerTo(returnAddress: Uint8Array): MessageOf<'putLetter'> {
  return { ...letterTo(ALICE, 77), to: { kind: 'sender', returnAddress } }
}

function recipient() {
  const heard: MessageOf<'letter'>[] = []
  return {
    send: (letter: MessageOf<'letter'>) => void heard.push(letter),
    heard: () => heard.splice(0),
  }
}

function codeOf(outcome: unknown): unknown {
  return isRejection(outcome) ? (outcome as { code: string }).code : outcome
}

test('MAIL-2 a letter is handed to who is there at once, and kept until it is taken', async () => {
  const { desk, boxes } = await mailOffice()
  const bob = recipient()
  await desk.arrived(BOB, bob)
  assert.equal(await desk.put(by(ALICE), letterTo(BOB, 1)), 'kept')
  const [letter] = bob.heard()
  assert.deepEqual(letter?.letter, letterTo(BOB, 1).letter)
  assert.equal(boxes.size, 1)
  assert.equal(await desk.taken(BOB, [letter?.id ?? ('' as LetterId)]), true)
  assert.equal(boxes.size, 0)
  await boxes.close()
})

test('MAIL-2 INV-17 what was acknowledged is there after a restart, for who was away', async () => {
  const { desk, boxes, path } = await mailOffice()
  await desk.put(by(ALICE), letterTo(BOB, 1))
  await desk.put(by(ALICE), letterTo(BOB, 2))
  await boxes.close()
  const again = await mailOffice(path)
  const bob = recipient()
  await again.desk.arrived(BOB, bob)
  const letters = bob.heard()
  assert.deepEqual(letters.map(({ letter }) => letter[0]).sort(), [1, 2])
  await again.desk.taken(BOB, [letters[0]?.id ?? ('' as LetterId)])
  await again.boxes.close()
  const third = await mailOffice(path)
  const back = recipient()
  await third.desk.arrived(BOB, back)
  assert.deepEqual(
    back.heard().map(({ id }) => id),
    [letters[1]?.id],
  )
  await third.boxes.close()
})

test('MAIL-2 the same letter put twice is one letter', async () => {
  const { desk, boxes } = await mailOffice()
  const bob = recipient()
  await desk.arrived(BOB, bob)
  const twice = await Promise.all([1, 2].map(() => desk.put(by(ALICE), letterTo(BOB, 1))))
  assert.deepEqual(twice, ['kept', 'kept'])
  assert.equal(boxes.size, 1)
  assert.equal(bob.heard().length, 1)
  await boxes.close()
})

test('MAIL-2 nobody takes a letter out of the box of another', async () => {
  const { desk, boxes } = await mailOffice()
  const bob = recipient()
  await desk.arrived(BOB, bob)
  await desk.put(by(ALICE), letterTo(BOB, 1))
  const [letter] = bob.heard()
  assert.equal(await desk.taken(ALICE, [letter?.id ?? ('' as LetterId)]), false)
  assert.equal(boxes.size, 1)
  await boxes.close()
})

test('MAIL-2 of two sessions of one client, the one that came last is given what arrives', async () => {
  const { desk, boxes } = await mailOffice()
  const [old, last] = [recipient(), recipient()]
  await desk.arrived(BOB, old)
  await desk.arrived(BOB, last)
  await desk.put(by(ALICE), letterTo(BOB, 1))
  assert.deepEqual([old.heard().length, last.heard().length], [0, 1])
  desk.left(old)
  await desk.put(by(ALICE), letterTo(BOB, 2))
  assert.equal(last.heard().length, 1)
  desk.left(last)
  await desk.put(by(ALICE), letterTo(BOB, 3))
  assert.equal(last.heard().length, 0)
  await boxes.close()
})

test('MAIL-3 an answer finds who wrote, whom the return address does not name', async () => {
  const { desk, boxes } = await mailOffice()
  const [alice, bob] = [recipient(), recipient()]
  await desk.arrived(ALICE, alice)
  await desk.arrived(BOB, bob)
  await desk.put(by(ALICE), letterTo(BOB, 1))
  await desk.put(by(ALICE), letterTo(BOB, 2))
  const [one, other] = bob.heard()
  assert.ok(one !== undefined && other !== undefined)
  assert.notDeepEqual(one.returnAddress, other.returnAddress)
  assert.ok(!Buffer.from(one.returnAddress).toString('hex').includes(ALICE))
  assert.equal(await desk.put(by(BOB), answerTo(one.returnAddress)), 'kept')
  assert.equal(alice.heard().length, 1)
  await boxes.close()
})

test('MAIL-3 a return address that was changed, made up or is over is refused', async () => {
  const office = await mailOffice()
  const { desk, boxes } = office
  const bob = recipient()
  await desk.arrived(BOB, bob)
  await desk.put(by(ALICE), letterTo(BOB, 1))
  const [letter] = bob.heard()
  assert.ok(letter !== undefined)
  const changed = letter.returnAddress.map((byte, i) => (i === 20 ? byte ^ 1 : byte))
  assert.equal(codeOf(await desk.put(by(BOB), answerTo(changed))), 'return_address_invalid')
  assert.equal(
    codeOf(await desk.put(by(BOB), answerTo(new Uint8Array(68)))),
    'return_address_invalid',
  )
  office.now = addSeconds(START, 601)
  assert.equal(
    codeOf(await desk.put(by(BOB), answerTo(letter.returnAddress))),
    'return_address_invalid',
  )
  await boxes.close()
})

test('MAIL-3 who has no channel here has no box', async () => {
  const { desk, boxes } = await mailOffice()
  assert.equal(codeOf(await desk.put(by(ALICE), letterTo(STRANGER, 1))), 'recipient_unknown')
  await boxes.close()
})

test('MAIL-3 a letter is kept until a time that is to come, and a week at most', async () => {
  const { desk, boxes } = await mailOffice()
  for (const seconds of [-1, LETTER_SECONDS_MAX + 1]) {
    const outcome = await desk.put(by(ALICE), letterTo(BOB, 1, { seconds }))
    assert.equal(codeOf(outcome), 'letter_expiry_invalid')
  }
  assert.equal(await desk.put(by(ALICE), letterTo(BOB, 1, { seconds: LETTER_SECONDS_MAX })), 'kept')
  await boxes.close()
})

test('MAIL-3 a letter that has expired is forgotten, on disk as well', async () => {
  const { desk, boxes, path } = await mailOffice()
  await desk.put(by(ALICE), letterTo(BOB, 1, { seconds: 10 }))
  await desk.put(by(ALICE), letterTo(BOB, 2, { seconds: 1_000 }))
  desk.sweep(addSeconds(START, 11))
  assert.equal(boxes.size, 1)
  await boxes.close()
  const again = await mailOffice(path)
  assert.equal(again.boxes.size, 1)
  await again.boxes.close()
})

test('MAIL-3 INV-46 one sender cannot fill a box, and a full one is refused by name', async () => {
  const { desk, boxes } = await mailOffice()
  const outcomes: unknown[] = []
  for (let i = 0; i <= LETTERS_OF_SENDER_IN_BOX_MAX; i++) {
    outcomes.push(codeOf(await desk.put(by(ALICE), letterTo(BOB, i))))
  }
  assert.deepEqual(new Set(outcomes.slice(0, -1)), new Set(['kept']))
  assert.equal(outcomes.at(-1), 'sender_mail_full')
  for (let i = LETTERS_OF_SENDER_IN_BOX_MAX; i < MAILBOX_LETTERS_MAX; i++) {
    const sender = testSigner(20 + Math.floor(i / 16)).publicKey
    assert.equal(await desk.put(by(sender), letterTo(BOB, 256 + i)), 'kept')
  }
  const more = await desk.put(by(testSigner(40).publicKey), letterTo(BOB, 999))
  assert.equal(codeOf(more), 'mailbox_full')
  await boxes.close()
})

test('MAIL-3 INV-46 one channel under ever new names is one sender, in a box and in all', async () => {
  const { desk, boxes } = await mailOffice()
  const name = (i: number) => testSigner(50 + i).publicKey
  for (let i = 0; i < LETTERS_OF_SENDER_IN_BOX_MAX; i++) {
    assert.equal(await desk.put(by(name(i), ALICE), letterTo(BOB, i)), 'kept')
  }
  const more = await desk.put(by(name(99), ALICE), letterTo(BOB, 99))
  assert.equal(codeOf(more), 'sender_mail_full')
  for (let i = LETTERS_OF_SENDER_IN_BOX_MAX; i < LETTERS_OF_SENDER_MAX; i++) {
    assert.equal(await desk.put(by(name(i), ALICE), letterTo(name(i), i)), 'kept')
  }
  const another = await desk.put(by(name(99), ALICE), letterTo(name(99), 99))
  assert.equal(codeOf(another), 'sender_mail_full')
  assert.equal(await desk.put(by(name(100)), letterTo(BOB, 100)), 'kept')
  await boxes.close()
})

test('MAIL-3 the box of an identity that no channel goes by any more is forgotten', async () => {
  const office = await mailOffice()
  const { desk, boxes } = office
  await desk.put(by(ALICE), letterTo(BOB, 1))
  await desk.put(by(BOB), letterTo(ALICE, 2))
  office.stranger = BOB
  desk.sweep(START)
  assert.deepEqual([boxes.size, boxes.holds(BOB)], [1, false])
  await boxes.close()
})

test('MAIL-3 a box is bounded in bytes, and a sender in all boxes together', async () => {
  const { desk, boxes } = await mailOffice()
  const large = { bytes: 8_192 }
  const fits = MAILBOX_BYTES_MAX / large.bytes
  for (let i = 0; i < fits; i++) {
    const sender = testSigner(20 + Math.floor(i / 16)).publicKey
    assert.equal(await desk.put(by(sender), letterTo(BOB, i, large)), 'kept')
  }
  assert.equal(codeOf(await desk.put(by(ALICE), letterTo(BOB, 999, large))), 'mailbox_full')
  for (let i = 0; i < LETTERS_OF_SENDER_MAX; i++) {
    const to = testSigner(100 + Math.floor(i / 16)).publicKey
    assert.equal(await desk.put(by(ALICE), letterTo(to, i)), 'kept')
  }
  const another = testSigner(120).publicKey
  assert.equal(codeOf(await desk.put(by(ALICE), letterTo(another, 1))), 'sender_mail_full')
  await boxes.close()
})

test('MAIL-3 INV-46 a client that floods waits: 64 letters at once, four a second in the long run', () => {
  const clock = handClock()
  const conduct = new Conduct(clock)
  const puts = (count: number) =>
    Array.from({ length: count }, () => conduct.mayPut(by(ALICE).channel)).filter((may) => may)
      .length
  assert.equal(puts(100), 64)
  clock.pass(1_000)
  assert.equal(puts(100), 4)
  assert.equal(conduct.mayPut(by(BOB).channel), true)
})
