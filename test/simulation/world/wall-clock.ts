/**
 * The wall clock of a machine: it may stand anywhere, and jump. On every second machine a time daemon says when it
 * last set the clock in this boot; the others leave the gateway to find out.
 */
import type { SystemSync } from '../../../gateway/app/clock/system-time.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';

export class WallClock {
  readonly #world: Clock;
  readonly #hasDaemon: boolean;
  #offsetMs = 0;
  /** Undefined: not yet in this boot. */
  #daemonSetAt: number | undefined;

  constructor(world: Clock, hasDaemon: boolean) {
    this.#world = world;
    this.#hasDaemon = hasDaemon;
  }

  now(): number {
    return this.#world.now() + this.#offsetMs;
  }

  /** Jumps to a time; to the right one: the daemon set it. */
  set(now: number): void {
    this.#offsetMs = now - this.#world.now();
    if (this.#offsetMs === 0) this.#daemonSetAt = now;
  }

  booted(): void {
    this.#daemonSetAt = undefined;
  }

  /** The daemon looks, and finds the clock right. */
  confirm(): void {
    if (this.#offsetMs === 0) this.#daemonSetAt = this.now();
  }

  lastSync(): SystemSync {
    if (!this.#hasDaemon) return 'unknown';
    return this.#daemonSetAt === undefined ? 'none' : { mark: this.#daemonSetAt };
  }
}
