/** What the shop refuses; `status` is that of the answer. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}
