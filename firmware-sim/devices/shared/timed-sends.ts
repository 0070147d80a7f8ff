/**
 * Bytes a simulated device has decided to send, each piece at its time, in order: turnaround delays and lines that
 * leave in two pieces. A later piece never overtakes an earlier one.
 */
import type { Random } from '../../../protocol/ports/random.ts';

export class TimedSends {
  readonly #queue: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  readonly #limit: number;

  /** Beyond `limit` waiting pieces new ones are not taken: a device has a small buffer as well. */
  constructor(limit = 256) {
    this.#limit = limit;
  }

  add(bytes: Uint8Array, at: number): void {
    if (this.#queue.length >= this.#limit) return;
    this.#queue.push({ at: Math.max(at, this.#queue.at(-1)?.at ?? at), bytes });
  }

  /** With chance `chance` in two pieces, the second one to `maxPauseMs` later, cut anywhere. */
  addSplit(bytes: Uint8Array, at: number, random: Random, chance: number, maxPauseMs: number): void {
    if (bytes.length < 2 || random.next() >= chance) {
      this.add(bytes, at);
      return;
    }
    const cut = random.integer(1, bytes.length - 1);
    this.add(bytes.subarray(0, cut), at);
    this.add(bytes.subarray(cut), at + random.integer(1, maxPauseMs));
  }

  take(now: number): Uint8Array[] {
    const due: Uint8Array[] = [];
    for (let head = this.#queue[0]; head !== undefined && head.at <= now; head = this.#queue[0]) {
      due.push(head.bytes);
      this.#queue.shift();
    }
    return due;
  }

  nextAt(): number | undefined {
    return this.#queue[0]?.at;
  }

  clear(): void {
    this.#queue.length = 0;
  }
}
