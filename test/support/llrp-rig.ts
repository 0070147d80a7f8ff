/**
 * The llrp driver and the simulated reader on one line in memory, under virtual time: what the runner and the
 * simulator's host do in earnest, small enough to cut, delay and chop at will.
 */

import type { DeviceOutput } from '../../firmware-sim/devices/device.ts';
import { LlrpReader, type LlrpReaderOptions } from '../../firmware-sim/devices/llrp-reader/llrp-reader.ts';
import type { ByteDriver, DriverOutput } from '../../gateway/drivers/driver.ts';
import { llrp } from '../../gateway/drivers/llrp/driver.ts';
import type { Timer } from '../../protocol/ports/clock.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { VirtualClock } from '../../protocol/ports/virtual-clock.ts';
import type { Reading } from '../../protocol/readings/reading.ts';

const LINE_DELAY_MS = 2;
const REOPEN_DELAY_MS = 1_000;

interface RigOptions {
  readonly driver?: Record<string, unknown>;
  readonly reader?: Partial<LlrpReaderOptions>;
  /** Cuts what the reader sends into pieces, as TCP may. */
  readonly chop?: (bytes: Uint8Array) => Uint8Array[];
}

export class LlrpRig {
  readonly clock = new VirtualClock({
    startAt: Date.UTC(2026, 2, 2, 6),
    flush: () => Promise.resolve(),
  });
  readonly reader: LlrpReader;
  readonly driver: ByteDriver;
  readonly readings: Reading[] = [];
  readonly states: string[] = [];
  readonly reconnects: string[] = [];
  readonly discarded: Record<string, number> = {};
  /** Everything the reader sent, with its time of arrival. */
  readonly heard: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  readonly #chop: (bytes: Uint8Array) => Uint8Array[];
  #line = 0;
  #open = false;
  #readerTimer: Timer | undefined;
  #driverTimer: Timer | undefined;

  constructor(options: RigOptions = {}) {
    this.reader = new LlrpReader({ random: seededRandom(7, 'reader'), ...options.reader });
    const driver = llrp.create('dock-1', llrp.options.parse(options.driver ?? {}));
    if (driver.transport !== 'bytes') throw new Error('the llrp driver is a byte driver');
    this.driver = driver;
    this.#chop = options.chop ?? ((bytes) => [bytes]);
  }

  get state(): string | undefined {
    return this.states.at(-1);
  }

  open(): void {
    this.#open = true;
    this.#line++;
    this.#fromDriver(this.driver.onOpen(this.clock.now()));
    this.#fromReader(this.reader.onConnect(this.clock.now()));
  }

  /** The cable is pulled: both ends notice, what is under way is lost. */
  cut(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#line++;
    this.reader.onDisconnect(this.clock.now());
    this.#fromDriver(this.driver.onClose(this.clock.now()));
    this.poke();
  }

  /** To be called after the world changed the reader's surroundings. */
  poke(): void {
    this.#readerTimer?.cancel();
    const due = this.reader.nextTickAt();
    if (due === undefined) return;
    this.#readerTimer = this.clock.setTimer(due - this.clock.now(), 'reader tick', () =>
      this.#fromReader(this.reader.onTick(this.clock.now())),
    );
  }

  #fromReader(output: DeviceOutput): void {
    for (const bytes of output.send) {
      for (const piece of this.#chop(bytes)) this.#deliver(piece, this.#line);
    }
    if (output.disconnect) {
      const line = this.#line;
      this.clock.setTimer(LINE_DELAY_MS, 'hang up', () => {
        if (line === this.#line) this.#reopen();
      });
    }
    this.poke();
  }

  #deliver(bytes: Uint8Array, line: number): void {
    this.clock.setTimer(LINE_DELAY_MS, 'to driver', () => {
      if (line !== this.#line || !this.#open) return;
      this.heard.push({ at: this.clock.now(), bytes });
      this.#fromDriver(this.driver.onBytes(bytes, this.clock.now()));
    });
  }

  #fromDriver(output: DriverOutput): void {
    this.readings.push(...output.readings);
    for (const { reason, bytes } of output.discarded) {
      this.discarded[reason] = (this.discarded[reason] ?? 0) + bytes;
    }
    if (output.state !== undefined) this.states.push(output.state);
    const line = this.#line;
    for (const bytes of output.send) {
      this.clock.setTimer(LINE_DELAY_MS, 'to reader', () => {
        if (line === this.#line && this.#open) this.#fromReader(this.reader.onBytes(bytes, this.clock.now()));
      });
    }
    if (output.reconnect !== undefined) {
      this.reconnects.push(output.reconnect);
      this.#reopen();
    }
    this.#scheduleDriver();
  }

  #reopen(): void {
    this.cut();
    this.clock.setTimer(REOPEN_DELAY_MS, 'reopen', () => {
      if (!this.#open) this.open();
    });
  }

  #scheduleDriver(): void {
    this.#driverTimer?.cancel();
    const due = this.driver.nextTickAt();
    if (due === undefined) return;
    this.#driverTimer = this.clock.setTimer(due - this.clock.now(), 'driver tick', () =>
      this.#fromDriver(this.driver.onTick(this.clock.now())),
    );
  }
}
