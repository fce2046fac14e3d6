import type { Command } from 'commander'
import {
  chainIdOption,
  channelOption,
  durationOption,
  intervalOption,
  lockOption,
  requestsOption,
  secondsOption,
  sessionUrlOption,
  urlOption,
  webUrlArgument,
} from './option-values.js'
import { hubPlaceOf, type PlaceOptions } from './place-of.js'
import { addPlaceOptions, SHARED_WORDS } from './place-options.js'

/** How a command on a wallet and its hub is told of both. */
type HubOptions = PlaceOptions & { readonly patience: number }

/**
 * The commands that need a hub, in the order of a wallet's life. What one needs is loaded when it is called:
 * help needs none of it.
 */
export function addHubCommands(program: Command): void {
  program
    .command('init')
    .description('make a wallet: new words, and a folder that remembers ledger and hub')
    .option('--wallet <folder>', 'its folder; left out: $TALLYSTICK_WALLET, or ~/.tallystick')
    .requiredOption('--ledger <url>', 'address of any ledger node', urlOption)
    .requiredOption('--hub <url>', 'session address of the hub', sessionUrlOption)
    .option(
      '--chain-id <hex>',
      'the chain that is meant; left out: the one of the node',
      chainIdOption,
    )
    .option('--words-file <file>', 'write the words to this new file, in place of showing them')
    .option('--yes', 'do not ask for one of the words')
    .option('--json', 'print one JSON object')
    .action(async (options) => (await import('./init.js')).initWallet(options))

  hubCommand(program, 'open', 'open a channel with the hub')
    .argument('<amount>', 'what is deposited from coins, such as 12.50')
    .option('--inbound', 'have the hub deposit it instead, to receive it')
    .option('--yes', 'do it without asking')
    .action(async (amount: string, options: HubOptions) =>
      (await import('./open-channel.js')).openChannel(amount, {
        ...options,
        ...(await hubPlaceOf(options)),
      }),
    )

  hubCommand(program, 'receive', 'make an invoice, and wait until it is paid')
    .argument(
      '[amount]',
      'such as 12.50; left out: the payer says; or an invoice or offer of this wallet, to wait for it',
    )
    .option('--description <text>', 'what it is for; the payer is shown it')
    .option('--expiry <time>', 'how long it can be paid: 90 (seconds), 15m, 2h, 7d', durationOption)
    .option('--offer', 'in its place a string that stays the same, and is paid again and again')
    .option('--hold', 'what is paid is held until "wallet capture" or "wallet cancel" decides')
    .option('--wait', 'stay until it is paid or over; with --hold, until it is held')
    .option('--qr', 'a QR code, also where there is no terminal')
    .option('--no-qr', 'none')
    .action(async (typed: string | undefined, options: HubOptions & { readonly offer?: true }) => {
      const order = { ...options, ...(await hubPlaceOf(options)) }
      const isOffer = typed?.toLowerCase().startsWith('tallyo1') ?? false
      if (isOffer || options.offer === true) {
        await (await import('./receive-offer.js')).receiveByOffer(typed, order)
      } else await (await import('./receive.js')).receivePayment(typed, order)
    })

  hubCommand(program, 'capture', 'take what is held for an invoice that was made with --hold')
    .argument('<invoice>', 'an invoice of this wallet')
    .action(async (invoice: string, options: HubOptions) =>
      (await import('./decide-invoice.js')).captureInvoice(invoice, {
        ...options,
        ...(await hubPlaceOf(options)),
      }),
    )

  hubCommand(program, 'cancel', 'take an invoice back, and give back what is held for it')
    .argument('<invoice>', 'an invoice of this wallet')
    .action(async (invoice: string, options: HubOptions) =>
      (await import('./decide-invoice.js')).cancelInvoice(invoice, {
        ...options,
        ...(await hubPlaceOf(options)),
      }),
    )

  hubCommand(
    program,
    'pay',
    'pay an invoice, or an offer; an invoice again tells what became of it, and pays nothing',
  )
    .argument('<invoice>', 'a text that begins with tally1, or tallyo1')
    .option('--amount <amount>', 'how much, where the invoice leaves it to the payer')
    .option('--refund <invoice>', 'pays back this paid invoice of this wallet, in all never more')
    .option('--fee-max <amount>', 'the most that the hub may ask for it; left out: what was shown')
    .option(
      '--key <text>',
      'name of the payment: one key pays once; left out: of the invoice, or new',
    )
    .option('--timeout <seconds>', 'how long the payee is waited for', secondsOption, 60)
    .option('--yes', 'do it without asking')
    .action(async (text: string, options: HubOptions & { readonly timeout: number }) => {
      const order = { ...options, ...(await hubPlaceOf(options)) }
      const { isOfferText, payOffer } = await import('./pay-offer.js')
      if (isOfferText(text.trim())) await payOffer(text.trim(), order)
      else await (await import('./pay.js')).payInvoice(text, order)
    })

  hubCommand(program, 'stream', 'ask for what is sold by the request, and pay it by the tick')
    .argument('<url>', 'its address', webUrlArgument)
    .option('--budget <amount>', 'the most that all of it may cost; left out: asked for')
    .option('--count <number>', 'how often it is asked for; left out: once', requestsOption)
    .option('--for <time>', 'how long it is asked for: 90 (seconds), 15m, 2h', durationOption)
    .option('--interval <seconds>', 'from one request to the next', intervalOption, 1)
    .option('--price-max <amount>', 'the most that one request may cost')
    .option('--output <file>', 'write what is answered to this new file; else to standard output')
    .option('--replace', 'overwrite it')
    .option('--timeout <seconds>', 'how long the rest is waited for at the end', secondsOption, 60)
    .option('--yes', 'do it without asking')
    .action(
      async (
        url: URL,
        options: HubOptions & { readonly interval: number; readonly timeout: number },
      ) =>
        (await import('./stream.js')).streamUrl(url, {
          ...options,
          ...(await hubPlaceOf(options)),
        }),
    )

  hubCommand(program, 'withdraw', 'pay out of a channel that stays in use, to a lock on the ledger')
    .argument('<amount>', 'what is to arrive, such as 12.50')
    .option('--to <lock>', "the root of a lock; left out: the wallet's own coins", lockOption)
    .option('--channel <number>', 'its number; left out: that which has most', channelOption)
    .option('--key <text>', 'name of the payout: one key pays out once; left out: a new one')
    .option('--timeout <seconds>', 'how long it is waited for', secondsOption, 60)
    .option('--yes', 'do it without asking')
    .action(async (amount: string, options: HubOptions & { readonly timeout: number }) =>
      (await import('./withdraw.js')).withdrawMoney(amount, {
        ...options,
        ...(await hubPlaceOf(options)),
      }),
    )

  hubCommand(program, 'close', 'close channels with the hub; without a number, all of them')
    .argument('[channel]', 'its number', channelOption)
    .option('--alone', 'says how it is done without the hub')
    .option('--yes', 'do it without asking')
    .action(async (channel: number | undefined, options: HubOptions) =>
      (await import('./close-channel.js')).closeChannels(channel, {
        ...options,
        ...(await hubPlaceOf(options)),
      }),
    )
}

function hubCommand(program: Command, name: string, description: string): Command {
  return addPlaceOptions(program.command(name).description(description))
    .option('--hub <url>', 'session address; left out: the one of the folder', sessionUrlOption)
    .option('--patience <seconds>', 'how long the hub is waited for', secondsOption, 30)
    .option('--shared-words', SHARED_WORDS)
    .option('--json', 'print JSON, one object per line')
}
