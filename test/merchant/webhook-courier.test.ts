import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { MAIN_ACCOUNT } from '#merchant/core/caller.js'
import type { DeliveryOutcome } from '#merchant/core/delivery-step.js'
import { EventNews } from '#merchant/desk/event-news.js'
import { ENDPOINTS_MAX } from '#merchant/limits.js'
import { openMerchantDatabase } from '#merchant/store/merchant-schema.js'
import { changeObject, findObject, insertObject } from '#merchant/store/object-store.js'
import { WebhookStore } from '#merchant/store/webhook-store.js'
import type { WebhookPost } from '#merchant/webhook/post-webhook.js'
import { WebhookCourier } from '#merchant/webhook/webhook-courier.js'
import { handClock } from '../hub/hand-clock.js'
import { temporaryFolder } from '../settlement/data-folder.js'

/** A store with receivers, whose answers the test gives, and a courier that can be started again. */
async function scene(t: TestContext, ...urls: readonly string[]) {
  const database = await openMerchantDatabase(join(temporaryFolder(t), 'merchant.db'), (fault) => {
    throw fault
  })
  const clock = handClock()
  const news = new EventNews()
  const webhooks = new WebhookStore(database)
  let ids = 0
  const newId = (prefix: string) => `${prefix}_${ids++}`
  for (const url of urls) {
    const id = newId('we')
    await webhooks.addEndpoint(
      {
        ...{ id, account: MAIN_ACCOUNT, url, description: '', types: [], secret: 'whsec_AAAA' },
        ...{ oldSecret: undefined, oldUntil: undefined, disabled: undefined, created: 0 },
      },
      { account: MAIN_ACCOUNT, key: id, digest: '', status: 201, object: id },
    )
  }
  const now = () => Math.floor(clock.nowMs() / 1_000)
  const posts: { readonly post: WebhookPost; answer(outcome: DeliveryOutcome): void }[] = []
  const waiting = new Set<() => void>()
  const newCourier = () =>
    new WebhookCourier({
      ...{ database, news, now, webhooks, clock, random: () => 0 },
      onProblem: (_, detail) => assert.fail(detail),
      post: (post, signal) =>
        new Promise((answer) => {
          signal.addEventListener('abort', () => answer({ kind: 'failed', reason: 'stopped' }))
          posts.push({ post, answer })
          for (const done of waiting) done()
        }),
    })
  /** The next post that nobody has taken yet. */
  const next = async () => {
    while (posts.length === 0) await new Promise<void>((done) => waiting.add(done))
    const taken = posts.shift()
    assert.ok(taken)
    const { type, data } = JSON.parse(taken.post.body)
    return { ...taken, said: `${taken.post.url} ${type} ${data.id}` }
  }
  /** Has an invoice be held, or paid. */
  const become = (id: string, status: 'held' | 'paid') =>
    database.write(async (statements) => {
      if ((await findObject(statements, 'id', [id])) === undefined) {
        await insertObject(statements, {
          ...{ id, kind: 'invoice', account: MAIN_ACCOUNT, link: id, status: 'open', created: 0 },
          data: {
            ...{
              amount: '1',
              asset: 0,
              description: '',
              invoice: 'tally1',
              anchor: id,
              expires: 9,
            },
            ...{ hold: true, metadata: {}, received: null, refunded: '0' },
          },
        })
      }
      const found = await findObject(statements, 'id', [id])
      assert.ok(found)
      const data = found.data as object
      await changeObject(statements, found, { status, data, isHold: true }, { time: now(), newId })
    })
  t.after(() => database.close())
  return { clock, news, webhooks, posts, next, become, newCourier }
}

const OK = { kind: 'answered', status: 204 } as const
const DOWN = { kind: 'answered', status: 503 } as const

describe('a courier', () => {
  test('HOOK-2 an event waits for those before it of its object, and for no others', async (t) => {
    const { clock, news, next, become, posts, newCourier } = await scene(t, 'https://a')
    await become('inv_1', 'held')
    await become('inv_1', 'paid')
    await become('inv_2', 'paid')
    const courier = newCourier()
    courier.begin()
    const first = await next()
    assert.equal(first.said, 'https://a invoice.held inv_1')
    // Held is told of the other as well: it was, while nobody looked.
    const second = await next()
    assert.equal(second.said, 'https://a invoice.held inv_2')
    first.answer(DOWN)
    second.answer(OK)
    const third = await next()
    assert.equal(third.said, 'https://a invoice.paid inv_2')
    third.answer(OK)
    clock.pass(5_000)
    const again = await next()
    assert.equal(again.said, 'https://a invoice.held inv_1')
    assert.equal(again.post.headers['webhook-id'], first.post.headers['webhook-id'])
    assert.deepEqual(posts, [])
    again.answer(OK)
    assert.equal((await next()).said, 'https://a invoice.paid inv_1')
    news.tell()
    await courier.stop()
  })

  test('HOOK-2 one who never answers keeps nobody else waiting', async (t) => {
    const { next, become, newCourier, posts } = await scene(t, 'https://dead', 'https://alive')
    for (let i = 0; i < 20; i++) await become(`inv_${i}`, 'held')
    const courier = newCourier()
    courier.begin()
    const delivered: string[] = []
    let dead = 0
    while (delivered.length < 20) {
      const { said, answer } = await next()
      if (said.startsWith('https://dead')) dead += 1
      else {
        delivered.push(said)
        answer(OK)
      }
    }
    assert.equal(dead, 4)
    await courier.stop()
    assert.deepEqual(posts, [])
  })

  test('HOOK-2 410 ends all to its address until its owner says otherwise', async (t) => {
    const { next, become, newCourier, webhooks, news } = await scene(t, 'https://a')
    await become('inv_1', 'held')
    const courier = newCourier()
    courier.begin()
    const first = await next()
    first.answer({ kind: 'answered', status: 410 })
    for (;;) {
      const { disabled } = (await webhooks.endpoint('we_0')) ?? {}
      if (disabled === 'gone') break
    }
    await become('inv_2', 'held')
    const [delivery, ...more] =
      (await webhooks.deliveries({
        ...{ account: undefined, endpoint: 'we_0', event: undefined, status: undefined },
        ...{ cursor: undefined, limit: 10 },
      })) ?? []
    assert.deepEqual([delivery?.status, more], ['failed', []])
    const request = { account: MAIN_ACCOUNT, digest: '', status: 200, object: 'we_0' }
    await webhooks.setDisabled('we_0', undefined, { ...request, key: 'on' })
    await webhooks.resend(delivery?.id ?? '', 0, { ...request, key: 'again' })
    news.tell()
    const again = await next()
    assert.equal(again.post.body, first.post.body)
    again.answer(OK)
    await courier.stop()
  })

  test('HOOK-2 nothing is sent again to a receiver that is sent nothing', async (t) => {
    const { next, become, newCourier, webhooks } = await scene(t, 'https://a')
    await become('inv_1', 'held')
    const courier = newCourier()
    courier.begin()
    const { answer } = await next()
    answer(OK)
    await courier.stop()
    const [delivery] =
      (await webhooks.deliveries({
        ...{ account: undefined, endpoint: 'we_0', event: undefined, status: undefined },
        ...{ cursor: undefined, limit: 10 },
      })) ?? []
    const request = { account: MAIN_ACCOUNT, digest: '', status: 200, object: 'we_0' }
    await webhooks.setDisabled('we_0', 'by_owner', { ...request, key: 'off' })
    await assert.rejects(webhooks.resend(delivery?.id ?? '', 0, { ...request, key: 'again' }), {
      code: 'state_conflict',
    })
  })

  test('a receiver that is sent nothing takes no place from another', async (t) => {
    const urls = Array.from({ length: ENDPOINTS_MAX }, (_, i) => `https://r${i}`)
    const { webhooks } = await scene(t, ...urls)
    const request = { account: MAIN_ACCOUNT, digest: '', status: 200, object: 'we_0' }
    const add = (id: string) =>
      webhooks.addEndpoint(
        {
          ...{ id, account: MAIN_ACCOUNT, url: 'https://new', description: '', types: [] },
          ...{ secret: 'whsec_AAAA', oldSecret: undefined, oldUntil: undefined },
          ...{ disabled: undefined, created: 0 },
        },
        { ...request, key: `add ${id}` },
      )
    await assert.rejects(add('we_new'), { code: 'state_conflict' })
    await webhooks.setDisabled('we_0', 'by_owner', { ...request, key: 'off' })
    await add('we_new')
    const on = webhooks.setDisabled('we_0', undefined, { ...request, key: 'on' })
    await assert.rejects(on, { code: 'state_conflict' })
    // One that is sent events already may be told so once more.
    await webhooks.setDisabled('we_1', undefined, { ...request, key: 'on, again' })
  })

  test('HOOK-1 what was under way when the courier stopped is sent again under the same id', async (t) => {
    const { next, become, newCourier } = await scene(t, 'https://a')
    await become('inv_1', 'held')
    const courier = newCourier()
    courier.begin()
    const first = await next()
    await courier.stop()
    const restarted = newCourier()
    restarted.begin()
    const second = await next()
    assert.equal(second.post.headers['webhook-id'], first.post.headers['webhook-id'])
    await restarted.stop()
  })

  test('many that are under way are taken by nobody for a leak', async (t) => {
    const warnings: string[] = []
    const listen = ({ name }: Error) => warnings.push(name)
    process.on('warning', listen)
    t.after(() => process.off('warning', listen))
    const receivers = Array.from({ length: 12 }, (_, i) => `https://receiver${i}`)
    const { next, become, newCourier } = await scene(t, ...receivers)
    await become('inv_1', 'held')
    const courier = newCourier()
    courier.begin()
    for (const _ of receivers) await next()
    await courier.stop()
    assert.deepEqual(warnings, [])
  })
})
