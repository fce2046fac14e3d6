import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createSocketServer } from 'node:net'
import { describe, test } from 'node:test'
import { PROCESS_CLOCK } from '@tallystick/client-sdk'
import fc from 'fast-check'
import { ATTEMPTS_MAX, stepDelivery } from '#merchant/core/delivery-step.js'
import { postWebhook } from '#merchant/webhook/post-webhook.js'
import { isPublicAddress } from '#merchant/webhook/public-address.js'
import { webhookSecret, webhookSignature } from '#merchant/webhook/webhook-secret.js'
import { refusedUrl } from '#merchant/webhook/webhook-url.js'

describe('HOOK-1 signatures', () => {
  test('are those of Standard Webhooks', () => {
    const signed = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: 1_614_265_330,
      body: '{"test": 2432232314}',
    }
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    const signature = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    assert.equal(webhookSignature([secret], signed), signature)
    const both = webhookSignature([webhookSecret(new Uint8Array(32)), secret], signed)
    assert.deepEqual(both.split(' ')[1], signature)
  })
})

describe('HOOK-2 attempts', () => {
  const refused = { kind: 'answered', status: 500 } as const

  test('2xx delivers, 410 ends all, anything else is tried again or given up', () => {
    const after = (status: number) => stepDelivery(1, { kind: 'answered', status }, 0).kind
    assert.deepEqual([200, 204, 299].map(after), ['delivered', 'delivered', 'delivered'])
    assert.deepEqual([301, 400, 404, 429, 503].map(after), Array(5).fill('retry'))
    assert.equal(after(410), 'endpointGone')
    assert.equal(stepDelivery(ATTEMPTS_MAX, refused, 0).kind, 'gaveUp')
    assert.equal(stepDelivery(ATTEMPTS_MAX, { kind: 'answered', status: 200 }, 0).kind, 'delivered')
  })

  test('come ever more rarely, over more than three days', () => {
    const failed = { kind: 'failed', reason: 'timed_out' } as const
    let total = 0
    for (let attempts = 1, last = 0; attempts < ATTEMPTS_MAX; attempts++) {
      const step = stepDelivery(attempts, failed, 0)
      assert.ok(step.kind === 'retry' && step.seconds > last)
      last = step.seconds
      total += last
    }
    assert.ok(total > 3 * 86_400)
  })

  test('are spread by up to a fifth of the wait', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: ATTEMPTS_MAX - 1 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempts, random) => {
          const [least, drawn] = [0, random].map((one) => stepDelivery(attempts, refused, one))
          assert.ok(least?.kind === 'retry' && drawn?.kind === 'retry')
          assert.ok(drawn.seconds >= least.seconds && drawn.seconds <= 1.2 * least.seconds + 1)
        },
      ),
    )
  })
})

describe('HOOK-3 where events may go', () => {
  test('no address of a home, a loop, a cloud or a translation is public', () => {
    const refused = [
      ...['127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.1.1', '169.254.169.254', '0.0.0.0'],
      ...[
        '100.64.0.1',
        '224.0.0.1',
        '255.255.255.255',
        '168.63.129.16',
        '::1',
        '::',
        'fe80::1',
        'fd00::1',
      ],
      ...['::ffff:127.0.0.1', '::ffff:8.8.8.8', '64:ff9b::7f00:1', '2002:7f00:1::', '2001::1'],
      ...['2001:db8::1', 'ff02::1', 'localhost', ''],
    ]
    assert.deepEqual(refused.filter(isPublicAddress), [])
    const taken = ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450::1']
    assert.deepEqual(taken.filter(isPublicAddress), taken)
  })

  test('an address is refused however it is written', () => {
    const refused = [
      ...['http://shop.example/', 'ftp://shop.example/', 'https://user:word@shop.example/', 'shop'],
      ...['https://127.1/', 'https://0x7f000001/', 'https://2130706433/', 'https://[::1]/'],
      ...[
        'https://[::ffff:10.0.0.1]/',
        'https://shop.example/#top',
        `https://a/${'b'.repeat(2_048)}`,
      ],
    ]
    assert.deepEqual(
      refused.filter((url) => refusedUrl(url, false) === undefined),
      [],
    )
    const names = ['localhost', 'LOCALHOST.', 'shop.localhost', 'till.local', 'metadata.internal']
    const more = ['printer', 'router.home.arpa', 'host.localdomain', 'localhost..']
    const named = [...names, ...more].map((name) => `https://${name}/`)
    assert.deepEqual(
      named.filter((url) => refusedUrl(url, false) === undefined),
      [],
    )
    assert.equal(refusedUrl('https://localhost/', true), undefined)
    assert.equal(refusedUrl('https://notlocalhost.example./hooks', false), undefined)
    assert.equal(refusedUrl('https://shop.example/hooks?of=1', false), undefined)
    assert.equal(refusedUrl('http://127.0.0.1:8080/hooks', true), undefined)
  })

  test('a name that stands for a private address is not connected to, and no redirection is followed', async (t) => {
    const seen: string[] = []
    const server = createServer((request, response) => {
      seen.push(request.url ?? '')
      response.writeHead(302, { location: '/elsewhere' }).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const post = (allowPrivate: boolean) =>
      postWebhook(
        { url: `http://localhost:${port}/hooks`, headers: {}, body: '{}' },
        { clock: PROCESS_CLOCK, allowPrivate, signal: new AbortController().signal },
      )
    assert.deepEqual(await post(false), { kind: 'failed', reason: 'address_not_public' })
    assert.deepEqual(seen, [])
    assert.deepEqual(await post(true), { kind: 'answered', status: 302 })
    assert.deepEqual(seen, ['/hooks'])
  })

  test('a receiver that would rather speak something else has answered', async (t) => {
    const server = createSocketServer((socket) => {
      socket.once('data', () => {
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
        )
      })
      socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const posted = await postWebhook(
      { url: `http://127.0.0.1:${port}/hooks`, headers: {}, body: '{}' },
      { clock: PROCESS_CLOCK, allowPrivate: true, signal: new AbortController().signal },
    )
    assert.deepEqual(posted, { kind: 'answered', status: 101 })
  })
})
