import { register } from 'node:module'

/** `node --import` of this file: the process signs and checks with `symbolic-backend.ts`. */
register('./symbolic-resolve.js', import.meta.url)
