/** Something stands in the way of an identity; the message says what, and what to do. */
export class EnrolmentError extends Error {
  override readonly name = 'EnrolmentError';
  /** True when trying again later may help: the network, a cloud that is busy. */
  readonly passing: boolean;

  constructor(message: string, options: { passing?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.passing = options.passing ?? false;
  }
}
