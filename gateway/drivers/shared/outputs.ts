/** Collects what one call into a driver leads to. */
import type { Reading } from '../../../protocol/readings/reading.ts';
import type { Discarded, DriverOutput } from '../driver.ts';

export class Outputs<Sent = Uint8Array> {
  readonly readings: Reading[] = [];
  readonly send: Sent[] = [];
  readonly #discarded: Discarded[] = [];
  readonly #lostBytes = new Map<string, number>();
  #reconnect: string | undefined;
  #state: string | undefined;

  /** One thing that made no sense: a line, a frame, a message. */
  discard(reason: string, bytes: number): void {
    this.#discarded.push({ reason, bytes });
  }

  /** Bytes out of a stream: what one call loses for one reason counts as one loss; none is no loss. */
  discardBytes(reason: string, bytes: number): void {
    if (bytes > 0) this.#lostBytes.set(reason, (this.#lostBytes.get(reason) ?? 0) + bytes);
  }

  /** The first reason wins. */
  reconnect(reason: string): void {
    this.#reconnect ??= reason;
  }

  state(line: string): void {
    this.#state = line;
  }

  finish(): DriverOutput<Sent> {
    const lost = [...this.#lostBytes].map(([reason, bytes]): Discarded => ({ reason, bytes }));
    return {
      readings: this.readings,
      send: this.send,
      discarded: [...this.#discarded, ...lost],
      ...(this.#reconnect === undefined ? {} : { reconnect: this.#reconnect }),
      ...(this.#state === undefined ? {} : { state: this.#state }),
    };
  }
}
