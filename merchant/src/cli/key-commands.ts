import { printFacts } from '@tallystick/daemon'
import type { Command } from 'commander'
import type { z } from 'zod'
import { ANSWERED } from '../api/answers.js'
import type { Permission } from '../core/permission.js'
import { askMerchant, type ServerPlace } from './ask-merchant.js'
import { baseUnits, permissionList, serverAddress, wholeNumber } from './option-values.js'

type CreateOptions = ServerPlace & {
  readonly name: string
  readonly account?: string
  readonly allow: readonly Permission[]
  readonly expiresIn?: number
  readonly perPayment?: string
  readonly perDay?: string
  readonly total?: string
  readonly json?: true
}

/** Adds what `tally-merchant key` and `account` do, on a server that runs. */
export function addKeyCommands(program: Command): void {
  const key = program.command('key').description('keys of the API, on a server that runs')
  withLimits(place(key.command('create')))
    .description('make a key; its token is shown this once')
    .requiredOption('--name <name>', 'what it is for')
    .requiredOption('--allow <permissions>', 'read,invoice,pay,refund,admin', permissionList)
    .option('--account <id>', "absent: the shop's own")
    .option('--expires-in <seconds>', 'a session: so long', wholeNumber(1, 315_360_000))
    .action(createKey)
  place(key.command('list')).description('show all keys').action(listKeys)
  place(key.command('revoke <id>')).description('end a key at once').action(revokeKey)
  const account = program.command('account').description('accounts, on a server that runs')
  withLimits(place(account.command('create')))
    .description('open an account with keys and limits of its own')
    .requiredOption('--name <name>', 'whose it is')
    .action(createAccount)
  place(account.command('list')).description('show all accounts').action(listAccounts)
}

/** The options by which a command finds its server. */
export function place(command: Command): Command {
  return command
    .requiredOption('--data <dir>', "folder of the server, with its operator's token")
    .option('--url <url>', 'address of the server', serverAddress, 'http://127.0.0.1:9760')
    .option('--json', 'print JSON')
}

function withLimits(command: Command): Command {
  return command
    .option('--per-payment <units>', 'most base units per payment', baseUnits)
    .option('--per-day <units>', 'most base units in 24 hours', baseUnits)
    .option('--total <units>', 'most base units ever', baseUnits)
}

async function createKey({ name, account, allow, expiresIn, json, ...rest }: CreateOptions) {
  const said = await askMerchant(rest, '/v1/keys', {
    ...{ name, permissions: allow, ...limitsOf(rest) },
    ...(account !== undefined && { account }),
    ...(expiresIn !== undefined && { expires_in: expiresIn }),
  })
  const key = ANSWERED.newKey.parse(said)
  printFacts(json, key, `key    ${key.id}\ntoken  ${key.token}   (shown this once)`)
}

async function listKeys({ json, ...at }: ServerPlace & { readonly json?: true }): Promise<void> {
  await listAll(at, '/v1/keys', ANSWERED.keys, (key) => {
    const { id, account, name, permissions, revoked, expires } = key
    const state = revoked !== null ? 'revoked' : expires === null ? 'good' : `until ${expires}`
    printFacts(json, key, `${id}  ${account}  ${state}  ${permissions.join(',')}  ${name}`)
  })
}

async function revokeKey(id: string, { json, ...at }: ServerPlace & { readonly json?: true }) {
  const path = `/v1/keys/${encodeURIComponent(id)}/revoke`
  const key = ANSWERED.key.parse(await askMerchant(at, path, {}))
  printFacts(json, key, `${key.id} is revoked`)
}

async function createAccount({ name, json, ...rest }: CreateOptions): Promise<void> {
  const said = await askMerchant(rest, '/v1/accounts', { name, ...limitsOf(rest) })
  const account = ANSWERED.account.parse(said)
  printFacts(json, account, `account  ${account.id}`)
}

async function listAccounts({ json, ...at }: ServerPlace & { readonly json?: true }) {
  await listAll(at, '/v1/accounts', ANSWERED.accounts, (account) => {
    printFacts(json, account, `${account.id}  ${account.name}`)
  })
}

function limitsOf({ perPayment, perDay, total }: Partial<CreateOptions>) {
  return { per_payment: perPayment ?? null, per_day: perDay ?? null, total: total ?? null }
}

/** Every page of a list. */
async function listAll<T extends z.ZodType<{ data: unknown[]; next: string | null }>>(
  at: ServerPlace,
  path: string,
  schema: T,
  show: (item: z.output<T>['data'][number]) => void,
): Promise<void> {
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query = new URLSearchParams({ limit: '100', ...(cursor !== '' && { cursor }) })
    const page: z.output<T> = schema.parse(await askMerchant(at, `${path}?${query}`))
    for (const item of page.data) show(item)
    cursor = page.next
  }
}
