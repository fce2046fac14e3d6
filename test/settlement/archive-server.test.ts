import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'

import { Upstream } from '#settlement/follow/upstream.js'
import { Archive } from '#settlement/history/archive.js'
import { ARCHIVE_INDEX, emptyIndex } from '#settlement/history/archive-index.js'
import { type FileFacts, writeRecordFile } from '#settlement/history/record-file.js'
import { temporaryFolder } from './data-folder.js'
import { TestLedger } from './test-ledger.js'

const FILE = '0000000001-0000000002.blocks.gz'
const RECORDS = [Buffer.alloc(70_000, 1), Buffer.from('two')] as const
const PATIENT = { silenceMs: 20_000, bytesPerSecondMin: 1 }

/** The address of a server that lives as long as the test. */
async function serve(context: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An archive of two records; `named`: what the index says of their file instead of the truth. */
async function archiveServer(
  context: TestContext,
  answerFile: (response: ServerResponse, file: Buffer) => void,
  named: Partial<FileFacts> = {},
): Promise<string> {
  const path = join(temporaryFolder(context), FILE)
  const facts = await writeRecordFile(path, asyncOf(RECORDS))
  const chosen = { blocks_per_file: 2, checkpoint_blocks: 100 }
  const index = {
    ...emptyIndex(new TestLedger().genesis, chosen),
    files: [{ name: FILE, first: 1, last: 2, last_id: 'ab'.repeat(32), ...facts, ...named }],
  }
  return serve(context, (request, response) => {
    if (request.url === `/${ARCHIVE_INDEX}`) response.end(JSON.stringify(index))
    else answerFile(response, readFileSync(path))
  })
}

async function* asyncOf(records: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* records
}

async function readAll(url: string, pace = PATIENT): Promise<number> {
  let records = 0
  for await (const _ of (await Archive.open(url, pace)).blocks(1)) records++
  return records
}

const refusal = (code: string, why: RegExp) => (error: unknown) => {
  assert.equal((error as { code?: unknown }).code, code)
  assert.match((error as Error).message, why)
  return true
}

describe('INV-45 HIST-4 an archive on a server that', () => {
  test('is honest is read, whatever the server calls the compression of its files', async (context) => {
    for (const encoding of ['identity', 'gzip', 'x-gzip', 'br']) {
      const url = await archiveServer(context, (response, file) => {
        response.setHeader('content-encoding', encoding).end(file)
      })
      assert.equal(await readAll(url), 2, encoding)
    }
  })

  test('stops in the middle of a file is given up, by the address of the file', async (context) => {
    const url = await archiveServer(context, (response, file) => {
      response.write(file.subarray(0, 20))
    })
    await assert.rejects(
      readAll(url, { silenceMs: 50, bytesPerSecondMin: 1 }),
      refusal(
        'upstream_unreachable',
        /\/0000000001-0000000002\.blocks\.gz sends nothing for 50 ms$/,
      ),
    )
  })

  test('trickles is given up, however regularly a byte comes', async (context) => {
    const url = await archiveServer(context, (response, file) => {
      let at = 0
      const trickle = setInterval(() => response.write(file.subarray(at, ++at)), 2)
      response.once('close', () => clearInterval(trickle))
    })
    await assert.rejects(
      readAll(url, { silenceMs: 200, bytesPerSecondMin: 1_000_000 }),
      refusal('upstream_unreachable', /\.blocks\.gz sends less than 1000000 bytes a second$/),
    )
  })

  test('never begins to answer is given up', async (context) => {
    const url = await serve(context, () => undefined)
    await assert.rejects(
      readAll(url, { silenceMs: 50, bytesPerSecondMin: 1 }),
      refusal('upstream_unreachable', /\/archive\.json does not answer$/),
    )
  })

  test('sends more than the index names is refused with the first byte too many', async (context) => {
    // Without an end: whoever waits for it waits for ever.
    const more = await archiveServer(context, (response, file) => {
      response.write(file)
      response.write('x')
    })
    await assert.rejects(
      readAll(more),
      refusal('history_corrupt', /\.blocks\.gz: it has more bytes, the index names \d+$/),
    )
    const endless = await archiveServer(
      context,
      (response) => void response.write(gzipSync(new Uint8Array(4 * 1_000), { finishFlush: 2 })),
      { bytes: 1_000_000_000_000 },
    )
    await assert.rejects(
      readAll(endless),
      refusal('history_corrupt', /\.blocks\.gz: it holds more blocks than the index says$/),
    )
  })

  test('sends less than the index names, or another file of that size, is refused', async (context) => {
    const less = await archiveServer(context, (response, file) => {
      response.end(file.subarray(0, file.length - 1))
    })
    await assert.rejects(
      readAll(less),
      refusal('history_corrupt', /it has \d+ bytes, the index names \d+$/),
    )
    const other = await archiveServer(context, (response, file) => response.end(file), {
      sha256: 'cd'.repeat(32),
    })
    await assert.rejects(readAll(other), refusal('history_corrupt', /not the file that the index/))
  })

  test('leads elsewhere is not followed, for the index or a file', async (context) => {
    const index = await serve(context, (_, response) => {
      response.writeHead(302, { location: 'http://192.0.2.1/archive.json' }).end()
    })
    await assert.rejects(
      readAll(index),
      refusal(
        'upstream_unusable',
        /\/archive\.json answers 302 and leads to http:\/\/192\.0\.2\.1/,
      ),
    )
    const file = await archiveServer(context, (response) => {
      response.writeHead(307, { location: '/elsewhere' }).end()
    })
    await assert.rejects(readAll(file), refusal('upstream_unusable', /answers 307 and leads to/))
  })

  test('compresses what was not to be compressed, or has too large an index, is refused', async (context) => {
    const zipped = await serve(context, (_, response) => {
      response.setHeader('content-encoding', 'gzip').end(gzipSync('{}'))
    })
    await assert.rejects(
      readAll(zipped),
      refusal('upstream_unusable', /content-encoding gzip, which was not asked for$/),
    )
    const large = await serve(
      context,
      (_, response) => void response.write(Buffer.alloc(4_194_305)),
    )
    await assert.rejects(
      readAll(large),
      refusal('upstream_unusable', /archive\.json answers more than 4194304 bytes$/),
    )
  })
})

describe('INV-45 API-10 an upstream that', () => {
  const ask = (url: string) => new Upstream(url)

  test('leads elsewhere is not followed, and its answers are not unpacked', async (context) => {
    const moved = await serve(context, (_, response) => {
      response.writeHead(301, { location: 'http://192.0.2.1/' }).end()
    })
    await assert.rejects(ask(moved).status(), refusal('upstream_unusable', /answers 301 and leads/))
    const zipped = await serve(context, (_, response) => {
      response.setHeader('content-encoding', 'gzip').end(gzipSync('{}'))
    })
    await assert.rejects(ask(zipped).genesis(), refusal('upstream_unusable', /was not asked for$/))
  })

  test('says more to a submission than its id is cut off', async (context) => {
    const talker = await serve(context, (_, response) => void response.write(Buffer.alloc(65_537)))
    await assert.rejects(
      ask(talker).submit(Uint8Array.of(1)),
      refusal('upstream_unusable', /\/v1\/transactions answers more than 65536 bytes$/),
    )
  })
})
