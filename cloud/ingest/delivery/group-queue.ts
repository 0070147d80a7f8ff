/** What waits while a group is taken forms the next one, as far as it fits, in the order of its coming. */
interface GroupQueueOptions<T> {
  /** The sizes of a group add up to at most this; an entry that is larger goes alone. */
  readonly limit: number;
  sizeOf(entry: T): number;
  /** Takes a group; one at a time. Must not reject. */
  take(group: readonly T[]): Promise<void>;
}

export class GroupQueue<T> {
  readonly #options: GroupQueueOptions<T>;
  readonly #waiting: T[] = [];
  #isBusy = false;

  constructor(options: GroupQueueOptions<T>) {
    this.#options = options;
  }

  /** How many wait, those that are just being taken not counted. */
  get length(): number {
    return this.#waiting.length;
  }

  push(entry: T): void {
    this.#waiting.push(entry);
    if (!this.#isBusy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0) await this.#options.take(this.#nextGroup());
    this.#isBusy = false;
  }

  #nextGroup(): T[] {
    const { limit, sizeOf } = this.#options;
    let size = 0;
    let count = 0;
    for (const entry of this.#waiting) {
      size += sizeOf(entry);
      if (count > 0 && size > limit) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}
