import { amount, sideStake } from '@tallystick/protocol'
import { testChannel } from '../protocol/test-channel.js'

/** Run in patched builds: what is left of a deposit after a withdrawal, base units. */
const [deposited = '0', withdrawn = '0'] = process.argv.slice(2)
const { client } = testChannel({ client: BigInt(deposited) })
process.stdout.write(`${sideStake({ ...client, withdrawn: amount(BigInt(withdrawn)) })}\n`)
