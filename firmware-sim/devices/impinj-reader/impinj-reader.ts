/**
 * An Impinj R700 on its IoT device interface: runs inventory rounds over the tags in its field and publishes one
 * event object per MQTT message, as the reader does. Mirror of the impinj-iot driver. The world moves tags in and
 * out and switches GPI ports; how often a tag is read follows from its signal.
 *
 * Changes made by the world are published at the next tick, in the order they were made, before that tick's reads.
 */
import type { Random } from '../../../protocol/ports/random.ts';
import { encodeEvent } from '../../../protocol/wire/impinj-iot/encode.ts';
import type { ImpinjEvent } from '../../../protocol/wire/impinj-iot/event.ts';
import { type DeviceOutput, type MessageDevice, SILENT, type TagInField } from '../device.ts';

export interface ImpinjReaderOptions {
  readonly random: Random;
  /** The reader's `eventTopic`. */
  readonly topic: string;
  /** `impinj-` and the last three bytes of its MAC address. */
  readonly hostname?: string;
  /** Time between inventory rounds; each tag is reported at most once a round and antenna. */
  readonly roundIntervalMs?: number;
  /** Signal at which half of the rounds read a tag, dBm. */
  readonly sensitivityDbm?: number;
  /** What the reader's own clock is ahead of true time. */
  readonly clockOffsetMs?: number;
}

/** dB from "read in half of the rounds" to "read in three of four". */
const SENSITIVITY_SLOPE_DB = 3;
/** Spread of the reported signal about the true one. */
const RSSI_NOISE_DB = 1.5;
const TRANSMIT_POWER_CDBM = 3000;
/** From the air to the message. */
const REPORT_LATENCY_MS = 8;
/** FCC channels: 902.75 MHz and 49 more in steps of 0.5 MHz. */
const FIRST_CHANNEL_KILOHERTZ = 902_750;
const CHANNEL_STEP_KILOHERTZ = 500;
const LAST_CHANNEL = 49;
const WORD_HEX_DIGITS = 4;

export class ImpinjReader implements MessageDevice {
  readonly transport = 'messages';
  /** It is configured over its own REST interface. */
  readonly subscriptions = [];
  readonly #options: Required<ImpinjReaderOptions>;
  #tags: readonly TagInField[] = [];
  readonly #gpi = new Map<number, boolean>();
  readonly #disconnected = new Set<number>();
  #changes: ImpinjEvent[] = [{ type: 'inventoryStatus', inventoryStatus: 'running' }];
  #lastRoundAt = Number.NEGATIVE_INFINITY;

  constructor(options: ImpinjReaderOptions) {
    this.#options = {
      hostname: 'impinj-01-23-45',
      roundIntervalMs: 200,
      sensitivityDbm: -72,
      clockOffsetMs: 0,
      ...options,
    };
  }

  /** The tags in the field from now on, with the antenna that can see each. */
  setTags(tags: readonly TagInField[]): void {
    this.#tags = tags;
  }

  setGpi(port: number, high: boolean): void {
    if ((this.#gpi.get(port) ?? false) === high) return;
    this.#gpi.set(port, high);
    const transition = high ? 'low-to-high' : 'high-to-low';
    this.#changes.push({ type: 'gpiTransition', gpi: port, transition });
  }

  /** Pulls an antenna's cable or plugs it in again. */
  setAntennaConnected(antennaPort: number, connected: boolean): void {
    if (this.#disconnected.has(antennaPort) === !connected) return;
    if (connected) this.#disconnected.delete(antennaPort);
    else this.#disconnected.add(antennaPort);
    this.#changes.push({ type: connected ? 'antennaConnected' : 'antennaDisconnected', antennaPort });
  }

  onMessage(): DeviceOutput {
    return SILENT;
  }

  onTick(now: number): DeviceOutput {
    const changes = this.#changes.splice(0);
    const events = changes.map((event) => ({ ...event, timestampMs: now }));
    if (now < this.#lastRoundAt) this.#lastRoundAt = Number.NEGATIVE_INFINITY;
    if (this.#tags.length > 0 && now >= this.#lastRoundAt + this.#options.roundIntervalMs) {
      events.push(...this.#round(now));
      this.#lastRoundAt = now;
    }
    if (events.length === 0) return SILENT;
    return { send: [], publish: events.map((event) => this.#message(event)) };
  }

  nextTickAt(): number | undefined {
    if (this.#changes.length > 0) return 0;
    if (this.#tags.length === 0) return undefined;
    return Math.max(0, this.#lastRoundAt + this.#options.roundIntervalMs);
  }

  /** Reads of one round, oldest first. */
  #round(now: number): (ImpinjEvent & { timestampMs: number })[] {
    const { random } = this.#options;
    const reads: (ImpinjEvent & { timestampMs: number })[] = [];
    for (const tag of this.#tags) {
      if (this.#disconnected.has(tag.antenna) || !this.#isRead(tag)) continue;
      const seenAt = now - random.integer(0, REPORT_LATENCY_MS);
      const rssiDbm = random.gaussian(tag.rssiDbm, RSSI_NOISE_DB);
      reads.push({
        type: 'tagInventory',
        timestampMs: seenAt,
        epc: tag.epc,
        pc: pcWord(tag.epc),
        antennaPort: tag.antenna,
        peakRssiCdbm: Math.round(rssiDbm * 100),
        frequencyKilohertz:
          FIRST_CHANNEL_KILOHERTZ + CHANNEL_STEP_KILOHERTZ * random.integer(0, LAST_CHANNEL),
        transmitPowerCdbm: TRANSMIT_POWER_CDBM,
        lastSeenMs: seenAt,
        phaseAngle: random.integer(0, 359),
      });
    }
    return reads.sort((a, b) => a.timestampMs - b.timestampMs);
  }

  #isRead(tag: TagInField): boolean {
    const { random, sensitivityDbm } = this.#options;
    const margin = (tag.rssiDbm - sensitivityDbm) / SENSITIVITY_SLOPE_DB;
    return random.next() < 1 / (1 + 3 ** -margin);
  }

  #message(event: ImpinjEvent & { timestampMs: number }): DeviceOutput['publish'][number] {
    const { hostname, random, topic } = this.#options;
    const shifted: ImpinjEvent = {
      ...event,
      hostname,
      timestampMs: event.timestampMs + this.#options.clockOffsetMs,
      ...(event.type === 'tagInventory' && event.lastSeenMs !== undefined
        ? { lastSeenMs: event.lastSeenMs + this.#options.clockOffsetMs }
        : {}),
    };
    return { topic, payload: encodeEvent(shifted, random.integer(0, 999_999)) };
  }
}

/** Protocol control word: EPC length in words in the top five bits. */
function pcWord(epc: string): string {
  const words = Math.ceil(epc.length / WORD_HEX_DIGITS);
  return ((words & 0x1f) << 11).toString(16).padStart(4, '0');
}
