#!/usr/bin/env node
import { outliveOutput, stopOnFailure } from '@tallystick/daemon'
import { Command } from 'commander'
import { addBooksCommand } from './books-command.js'
import { addHelp } from './command-help.js'
import { addEventsCommand } from './events-command.js'
import { FAILURE_NAMES } from './failure-names.js'
import { addKeyCommands } from './key-commands.js'
import { addRunCommand } from './run-command.js'

const program = new Command('tally-merchant')
  .description("A shop's server: invoices, payments, refunds, events and books over one wallet")
  // What cannot be read is told like every other failure.
  .exitOverride()
  .configureOutput({ outputError: () => undefined })

addRunCommand(program)
addKeyCommands(program)
addEventsCommand(program)
addBooksCommand(program)
addHelp(program)

outliveOutput()
await program.parseAsync().catch((error) => stopOnFailure(error, FAILURE_NAMES))
