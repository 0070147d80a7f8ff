/**
 * Virtual time: timers fire in order of (due time, creation), each as soon as everything tracked has settled.
 * Two runs with the same calls see the same order. `flush` hands control back to the real event loop
 * (pass `() => new Promise((r) => setImmediate(r))`) so that promise chains and I/O callbacks can run in between.
 */
import type { Clock, Timer } from './clock.ts';

interface PendingTimer {
  readonly due: number;
  readonly order: number;
  readonly name: string;
  readonly task: () => void;
  cancelled: boolean;
}

export class VirtualClock implements Clock {
  #now: number;
  readonly #startAt: number;
  readonly #flush: () => Promise<void>;
  #order = 0;
  readonly #heap: PendingTimer[] = [];
  readonly #pending = new Set<Promise<unknown>>();

  constructor(options: { startAt: number; flush: () => Promise<void> }) {
    this.#now = options.startAt;
    this.#startAt = options.startAt;
    this.#flush = options.flush;
  }

  now(): number {
    return this.#now;
  }

  monotonicMs(): number {
    return this.#now - this.#startAt;
  }

  setTimer(delayMs: number, name: string, task: () => void): Timer {
    const entry: PendingTimer = {
      due: this.#now + Math.max(0, Math.ceil(delayMs)),
      order: this.#order++,
      name,
      task,
      cancelled: false,
    };
    push(this.#heap, entry);
    return {
      cancel: () => {
        entry.cancelled = true;
      },
    };
  }

  track<T>(work: Promise<T>): Promise<T> {
    this.#pending.add(work);
    const forget = () => this.#pending.delete(work);
    work.then(forget, forget);
    return work;
  }

  /** Names of the timers still waiting, soonest first: what a stuck run waits for. */
  pendingTimers(): string[] {
    return this.#heap
      .filter((entry) => !entry.cancelled)
      .toSorted(before)
      .map((entry) => `${entry.name} @${entry.due - this.#startAt}ms`);
  }

  /** Lets time pass up to and including `until` (epoch ms). */
  async runUntil(until: number): Promise<void> {
    await this.settle();
    for (let next = this.#peek(); next !== undefined && next.due <= until; next = this.#peek()) {
      pop(this.#heap);
      this.#now = Math.max(this.#now, next.due);
      next.task();
      await this.settle();
    }
    this.#now = Math.max(this.#now, until);
  }

  runFor(durationMs: number): Promise<void> {
    return this.runUntil(this.#now + durationMs);
  }

  /** Time passes while the process stands still: what falls due meanwhile runs late, with the next `run…`. */
  holdUp(durationMs: number): void {
    this.#now += durationMs;
  }

  /** Advances until `goal` settles; fails with the list of timers after `limitMs` of virtual time. */
  async runUntilSettled<T>(goal: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let done = false;
    const mark = () => {
      done = true;
    };
    goal.then(mark, mark);
    const limit = this.#now + limitMs;
    await this.settle();
    while (!done) {
      const next = this.#peek();
      if (next === undefined || next.due > limit) {
        throw new Error(`virtual time ran out; timers: ${this.pendingTimers().join(', ') || 'none'}`);
      }
      await this.runUntil(next.due);
    }
    return goal;
  }

  /** Waits, without moving time, until tracked work and the promise chains it starts are done. */
  async settle(): Promise<void> {
    await this.#flush();
    while (this.#pending.size > 0) {
      await Promise.allSettled([...this.#pending]);
      await this.#flush();
    }
  }

  #peek(): PendingTimer | undefined {
    while (this.#heap[0]?.cancelled) pop(this.#heap);
    return this.#heap[0];
  }
}

function before(a: PendingTimer, b: PendingTimer): number {
  return a.due - b.due || a.order - b.order;
}

function push(heap: PendingTimer[], entry: PendingTimer): void {
  let index = heap.push(entry) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (before(heap[parent] as PendingTimer, entry) <= 0) break;
    heap[index] = heap[parent] as PendingTimer;
    index = parent;
  }
  heap[index] = entry;
}

function pop(heap: PendingTimer[]): PendingTimer | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (heap.length === 0 || last === undefined) return top;
  let index = 0;
  for (;;) {
    let child = index * 2 + 1;
    if (child >= heap.length) break;
    const right = heap[child + 1];
    if (right !== undefined && before(right, heap[child] as PendingTimer) < 0) child++;
    if (before(heap[child] as PendingTimer, last) >= 0) break;
    heap[index] = heap[child] as PendingTimer;
    index = child;
  }
  heap[index] = last;
  return top;
}
