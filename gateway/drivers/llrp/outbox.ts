/** Collects what one call into the driver leads to. A reader's chatter is merged: one entry per discard reason. */
import type { Reading } from '../../../protocol/readings/reading.ts';
import type { Discarded, DriverOutput } from '../driver.ts';

export class Outbox {
  readonly readings: Reading[] = [];
  readonly send: Uint8Array[] = [];
  readonly #discarded = new Map<string, number>();
  #reconnect: string | undefined;
  #state: string | undefined;

  discard(reason: string, bytes: number): void {
    if (bytes > 0) this.#discarded.set(reason, (this.#discarded.get(reason) ?? 0) + bytes);
  }

  /** The first reason wins. */
  reconnect(reason: string): void {
    this.#reconnect ??= reason;
  }

  get isReconnecting(): boolean {
    return this.#reconnect !== undefined;
  }

  state(line: string): void {
    this.#state = line;
  }

  finish(): DriverOutput {
    const discarded: Discarded[] = [...this.#discarded].map(([reason, bytes]) => ({ reason, bytes }));
    return {
      readings: this.readings,
      send: this.send,
      discarded,
      ...(this.#reconnect === undefined ? {} : { reconnect: this.#reconnect }),
      ...(this.#state === undefined ? {} : { state: this.#state }),
    };
  }
}
