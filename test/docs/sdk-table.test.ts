import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as sdk from '@tallystick/client-sdk'
import * as browser from '@tallystick/client-sdk/browser'
import * as node from '@tallystick/client-sdk/node'
import { ROOT } from './documents.js'

const README = readFileSync(join(ROOT, 'client-sdk/README.md'), 'utf8')

/** What a wallet has for its owners: all that its classes declare, but for what only they may call. */
function membersOfWallet(): readonly string[] {
  const folder = join(ROOT, 'client-sdk/dist/wallet')
  const declared = readdirSync(folder)
    .filter((file) => /wallet\.d\.ts$/.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n')
  const own = new Set([...declared.matchAll(/protected (\w+)\(/g)].map(([, name]) => name))
  const members = ['stream']
  for (let at = sdk.Wallet.prototype; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    members.push(...Object.getOwnPropertyNames(at))
  }
  return members.filter((name) => name !== 'constructor' && !own.has(name))
}

test('the README of the SDK names all that a wallet has, and in its table nothing that is not there', () => {
  const members = membersOfWallet()
  assert.ok(members.length > 50, members.join())
  assert.deepEqual(
    members.filter((name) => !new RegExp(`\\b${name}\\b`).test(README)),
    [],
  )
  const there = new Set([
    ...[...members, ...Object.getOwnPropertyNames(sdk.WalletStreams.prototype)],
    ...[sdk, browser, node].flatMap((exported) => Object.keys(exported)),
  ])
  const [, table = ''] = /^## What there is\n([\s\S]*?)^## /m.exec(README) ?? []
  const named = [...table.matchAll(/^\| (`.*?) \| /gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(?:stream\.)?(\w+)(?:\(\w*\))?`/g)].map(([, name = '']) => name),
  )
  assert.ok(named.length > 40, named.join())
  assert.deepEqual(
    named.filter((name) => !there.has(name)),
    [],
  )
})
