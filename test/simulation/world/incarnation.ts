/**
 * One life of a process, from start to crash. Everything it awaits passes here: each timer that fires, each call of a
 * port and each answer is a numbered point, and at a drawn number it dies. Behind death nothing of it ever settles
 * and no timer of it fires: as memory goes, so go its promises.
 */
import type { Clock } from '../../../protocol/ports/clock.ts';

interface LifeOptions {
  /** The world's clock. */
  readonly clock: Clock;
  /** Wall time as this process reads it. */
  readonly wallNow: () => number;
  /** The point at which it dies, counted from 1. */
  readonly diesAtPoint: number | undefined;
  /** Called at that point, before anything else happens. Must end the life. */
  readonly onPoint: (name: string) => void;
  /** Tracked work was begun: the journal, in this thread, is done with it then, and nobody knows yet. */
  readonly onTracked?: (() => void) | undefined;
  /** The one who waits for tracked work is about to learn of it. */
  readonly onNotify?: (() => void) | undefined;
  /** Virtual time stands still while tracked work runs. False where the work itself waits for virtual time. */
  readonly tracks?: boolean;
}

export class Incarnation {
  readonly clock: Clock;
  readonly #options: LifeOptions;
  #alive = true;
  #points = 0;

  constructor(options: LifeOptions) {
    this.#options = options;
    const { clock, wallNow } = options;
    const bornAt = clock.monotonicMs();
    this.clock = {
      now: wallNow,
      monotonicMs: () => clock.monotonicMs() - bornAt,
      setTimer: (delayMs, name, task) => clock.setTimer(delayMs, name, () => this.run(`timer ${name}`, task)),
      track: (work) => {
        options.onTracked?.();
        return this.guard('tracked', options.tracks === false ? work : clock.track(work), options.onNotify);
      },
    };
  }

  get alive(): boolean {
    return this.#alive;
  }

  get points(): number {
    return this.#points;
  }

  end(): void {
    this.#alive = false;
  }

  /** Passes a numbered point; false when there is nobody left behind it. */
  pass(name: string): boolean {
    if (!this.#alive) return false;
    this.#points++;
    if (this.#points === this.#options.diesAtPoint) this.#options.onPoint(name);
    return this.#alive;
  }

  run(name: string, task: () => void): void {
    if (this.pass(name)) task();
  }

  /** The same promise, which does not settle for the dead. */
  guard<T>(name: string, work: Promise<T>, onNotify?: () => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const settled = (how: string, settle: () => void) =>
        this.run(`${name} ${how}`, () => {
          onNotify?.();
          settle();
        });
      work.then(
        (value) => settled('done', () => resolve(value)),
        (error: unknown) => settled('failed', () => reject(error)),
      );
    });
  }

  /** A port whose every asynchronous call is a point before it and one behind it. */
  guardPort<Port extends object>(name: string, port: Port): Port {
    const guarded: ProxyHandler<Port> = {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key, target);
        if (typeof member !== 'function') return member;
        return (...given: unknown[]) => {
          if (!this.#alive) return new Promise(() => {});
          const answer: unknown = Reflect.apply(member, target, given);
          return answer instanceof Promise ? this.guard(`${name} ${String(key)}`, answer) : answer;
        };
      },
    };
    return new Proxy(port, guarded);
  }
}
