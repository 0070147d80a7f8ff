/**
 * A door with its simulated LLRP reader, and a gateway on a host as slow as wanted: driver, runner and sensor are
 * real, the journal is a map that a commit reaches late. Killed, it loses what was on its way: bytes not yet taken
 * in, rows not yet committed. All in virtual time.
 */
import { pino } from 'pino';
import { planWorld } from '../../firmware-sim/app/simulated-site.ts';
import type { Scenario } from '../../firmware-sim/world/scenario.ts';
import { createDeviceRunner } from '../../gateway/app/devices/device-runner.ts';
import { findDriver } from '../../gateway/drivers/registry.ts';
import type { ReadPoint } from '../../gateway/sensing/read-point.ts';
import { createSensor, routesOf } from '../../gateway/sensing/registry.ts';
import type { SensingOutput, Sensor } from '../../gateway/sensing/sensor.ts';
import type { LineOpener } from '../../gateway/transports/line.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import type { Clock, Timer } from '../../protocol/ports/clock.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { VirtualClock } from '../../protocol/ports/virtual-clock.ts';
import type { Reading } from '../../protocol/readings/reading.ts';

const BOOT_MS = 5_000;
const WIRE_MS = 1;

interface SlowHostOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly door: ReadPoint;
  readonly reader: string;
  /** How late the process comes to whatever arrives or falls due. */
  readonly lagMs: number;
  readonly commitMs: number;
}

export class SlowHost {
  readonly clock: VirtualClock;
  readonly events: StockEvent[] = [];
  readonly #options: SlowHostOptions;
  readonly #site: ReturnType<typeof planWorld>;
  readonly #rows = new Map<string, string>();
  #sensor: Sensor | undefined;
  /** Counts the processes; 0 between two. */
  #life = 0;
  #lives = 0;

  constructor(options: SlowHostOptions) {
    this.#options = options;
    const startAt = Date.parse(options.scenario.start);
    this.clock = new VirtualClock({ startAt: startAt - BOOT_MS, flush: () => Promise.resolve() });
    const { scenario, seed } = options;
    this.#site = planWorld({ scenario, seed, log: pino({ level: 'silent' }) }, this.clock);
  }

  get state(): string {
    return this.#sensor?.status().state ?? '';
  }

  /** Starts the gateway and, once it is at work, the script. */
  async begin(): Promise<void> {
    this.start();
    await this.clock.runFor(BOOT_MS);
    this.#site.world.start();
  }

  kill(): void {
    this.#life = 0;
    this.#reader().host.detach();
  }

  close(): void {
    this.#life = 0;
    this.#site.stop();
  }

  start(): void {
    this.#life = ++this.#lives;
    const { door, reader, scenario } = this.#options;
    const own = this.#processClock();
    const sensor = createSensor(door);
    this.#sensor = sensor;
    const rows = [...this.#rows].map(([key, body]) => ({ key, body }));
    this.#commit(sensor.restore(rows, own.now()));
    const tick = this.#ticking(sensor, own);
    tick();
    const routes = new Set(routesOf(door).map(({ device, channel }) => `${device}/${channel}`));
    const kind = findDriver('llrp');
    const options = scenario.devices.find(({ id }) => id === reader)?.driver ?? {};
    const driver = kind?.create(reader, kind.options.parse(options));
    if (driver?.transport !== 'bytes') throw new Error('the llrp driver is a byte driver');
    createDeviceRunner({
      device: reader,
      kind: 'llrp',
      connection: { driver, line: this.#line(own) },
      clock: own,
      random: seededRandom(this.#options.seed, 'backoff'),
      onReadings: (readings: readonly Reading[]) => {
        for (const reading of readings) {
          if (!routes.has(`${reading.device}/${reading.channel}`)) continue;
          this.#commit(sensor.onReading(reading, own.now()));
          tick();
        }
      },
    }).start();
  }

  #reader() {
    const device = this.#site.fleet.devices.find(({ id }) => id === this.#options.reader);
    if (device === undefined) throw new Error(`the scenario has no ${this.#options.reader}`);
    return device;
  }

  /** The clock of this process: its timers fire late, and never after it was killed. */
  #processClock(): Clock {
    const { clock } = this;
    const life = this.#life;
    return {
      now: () => clock.now(),
      monotonicMs: () => clock.monotonicMs(),
      setTimer: (delayMs, name, task) =>
        clock.setTimer(delayMs + this.#options.lagMs, name, () => {
          if (life === this.#life) task();
        }),
      track: (work) => work,
    };
  }

  #ticking(sensor: Sensor, own: Clock): () => void {
    let waiting: { due: number; timer: Timer } | undefined;
    const schedule = () => {
      const due = sensor.nextTickAt();
      if (due === undefined || (waiting !== undefined && waiting.due <= due)) return;
      waiting?.timer.cancel();
      const timer = own.setTimer(due - own.now(), 'sensing', () => {
        waiting = undefined;
        this.#commit(sensor.onTick(own.now()));
        schedule();
      });
      waiting = { due, timer };
    };
    return schedule;
  }

  #line(own: Clock): LineOpener {
    const { clock } = this;
    const { host } = this.#reader();
    return {
      address: 'memory:reader',
      async open(handlers) {
        host.attach({
          send: (bytes) => void own.setTimer(WIRE_MS, 'to gateway', () => handlers.onBytes(bytes)),
          publish: () => {},
          hangUp: () => handlers.onClose('the reader hung up'),
        });
        return {
          write: (bytes) => void clock.setTimer(WIRE_MS, 'to reader', () => host.receive(bytes)),
          close: () => host.detach(),
        };
      },
    };
  }

  #commit({ events, put, drop }: SensingOutput): void {
    if (events.length + put.length + drop.length === 0) return;
    const life = this.#life;
    this.clock.setTimer(this.#options.commitMs, 'commit', () => {
      if (life !== this.#life) return;
      this.events.push(...events);
      for (const key of drop) {
        for (const held of this.#rows.keys()) {
          if (held === key || (key.endsWith('/') && held.startsWith(key))) this.#rows.delete(held);
        }
      }
      for (const { key, body } of put) this.#rows.set(key, body);
    });
  }
}
