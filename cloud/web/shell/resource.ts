/**
 * One thing that the page shows and the cloud knows: fetched when asked, at most once per interval, the newest
 * answer kept. When fetching fails, what was known stays on show beside the problem.
 */
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Problem } from '../../contract/problem.ts';
import { problemOf } from './api-client.ts';
import { type Coalescer, createCoalescer } from './coalesce.ts';

export interface ResourceState<T> {
  /** Undefined until the first answer. */
  readonly data: T | undefined;
  /** Of the latest attempt. */
  readonly problem: Problem | undefined;
}

interface ResourceOptions<T> {
  readonly clock: Clock;
  readonly name: string;
  readonly everyMs: number;
  readonly load: () => Promise<T>;
}

export class Resource<T> {
  #state: ResourceState<T> = { data: undefined, problem: undefined };
  readonly #listeners = new Set<() => void>();
  readonly #coalescer: Coalescer;

  constructor({ clock, name, everyMs, load }: ResourceOptions<T>) {
    this.#coalescer = createCoalescer({
      clock,
      everyMs,
      name: `refresh ${name}`,
      task: async () => {
        try {
          this.#set({ data: await load(), problem: undefined });
        } catch (error) {
          this.#set({ data: this.#state.data, problem: problemOf(error) });
        }
      },
    });
  }

  refresh(): void {
    this.#coalescer.ask();
  }

  readonly state = (): ResourceState<T> => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  close(): void {
    this.#coalescer.close();
    this.#listeners.clear();
  }

  #set(state: ResourceState<T>): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
