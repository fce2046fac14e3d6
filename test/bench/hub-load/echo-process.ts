import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

/* Says back what it hears: how fast sockets are with nothing behind them. */

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
server.on('connection', (socket) => socket.on('message', (data) => socket.send(data)))
server.once('listening', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit())
