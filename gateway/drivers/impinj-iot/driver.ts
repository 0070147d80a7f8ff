/**
 * Driver for Impinj R700/R720 readers that publish their IoT device interface events over MQTT. Holds no state but
 * what the reader last said about its inventory, and how far its clock is off. Tag channel is the antenna port, "0" when
 * the reader leaves it out; input channel is `gpi-<port>`. A retained message is what was true once: discarded.
 */
import type { DeviceHealth, Input, TagRead } from '../../../protocol/readings/reading.ts';
import { decodeMessage } from '../../../protocol/wire/impinj-iot/decode.ts';
import type {
  AntennaEvent,
  GpiTransitionEvent,
  ImpinjEvent,
  TagInventoryEvent,
} from '../../../protocol/wire/impinj-iot/event.ts';
import {
  type DeviceMessage,
  type DriverKind,
  type DriverOutput,
  type MessageDriver,
  NOTHING,
} from '../driver.ts';
import { Outputs } from '../shared/outputs.ts';
import { type ImpinjIotOptions, impinjIotOptions } from './options.ts';
import { ReadTimes, type Timing } from './read-times.ts';

export const impinjIot: DriverKind<ImpinjIotOptions> = {
  kind: 'impinj-iot',
  transport: 'messages',
  timeSource: ({ adjustClock }) => (adjustClock ? 'device-differences' : 'device-clock'),
  options: impinjIotOptions,
  create: (device, options) => new ImpinjIotDriver(device, options),
};

/** The antenna of a read whose event names none. */
const UNNAMED_ANTENNA = 0;

class ImpinjIotDriver implements MessageDriver {
  readonly transport = 'messages';
  readonly subscriptions: readonly string[];
  readonly #device: string;
  readonly #options: ImpinjIotOptions;
  readonly #times: ReadTimes;
  #inventory: 'running' | 'idle' | undefined;

  constructor(device: string, options: ImpinjIotOptions) {
    this.#device = device;
    this.#options = options;
    this.#times = new ReadTimes(options.adjustClock);
    this.subscriptions = [options.topic];
  }

  onMessage(message: DeviceMessage, now: number): DriverOutput<never> {
    const out = new Outputs<never>();
    if (message.origin === 'retained') {
      out.discard('RETAINED', message.payload.length);
      return out.finish();
    }
    const { events, refused } = decodeMessage(message.payload);
    for (const { reason, bytes } of refused) out.discard(reason, bytes);
    const timing = this.#times.ofMessage(events, message.origin === 'live', now);
    for (const event of events) this.#onEvent(event, now, timing, out);
    if (this.#inventory !== undefined) out.state(`inventory ${this.#inventory}`);
    return out.finish();
  }

  onOpen(): DriverOutput<never> {
    return NOTHING;
  }

  onClose(): DriverOutput<never> {
    return NOTHING;
  }

  onTick(): DriverOutput<never> {
    return NOTHING;
  }

  nextTickAt(): number | undefined {
    return undefined;
  }

  #onEvent(event: ImpinjEvent, now: number, timing: Timing, out: Outputs<never>): void {
    switch (event.type) {
      case 'tagInventory': {
        const seenAt = timing(event.lastSeenMs ?? event.timestampMs);
        if (seenAt === undefined) out.discard('AGE_UNKNOWN', 0);
        else out.readings.push(this.#tagRead(event, now, seenAt));
        return;
      }
      case 'gpiTransition': {
        const sensedAt = timing(event.timestampMs);
        if (sensedAt === undefined) out.discard('AGE_UNKNOWN', 0);
        else out.readings.push(this.#input(event, now, sensedAt));
        return;
      }
      case 'antennaConnected':
      case 'antennaDisconnected':
        out.readings.push(this.#antennaHealth(event, now));
        return;
      case 'inventoryStatus':
        this.#inventory = event.inventoryStatus;
        return;
      case 'other':
        out.discard('UNUSED_EVENT', 0);
        return;
      default:
        event satisfies never;
    }
  }

  #tagRead(event: TagInventoryEvent, now: number, seenAt: number): TagRead {
    return {
      kind: 'tag',
      device: this.#device,
      channel: String(event.antennaPort ?? UNNAMED_ANTENNA),
      at: now,
      epc: event.epc,
      ...(event.peakRssiCdbm === undefined ? {} : { peakRssiDbm: event.peakRssiCdbm / 100 }),
      readCount: 1,
      firstSeenAt: seenAt,
      lastSeenAt: seenAt,
    };
  }

  #input(event: GpiTransitionEvent, now: number, sensedAt: number): Input {
    const level = event.transition === 'low-to-high' ? 'high' : 'low';
    return {
      kind: 'input',
      device: this.#device,
      channel: `gpi-${event.gpi}`,
      at: now,
      ...(sensedAt < now ? { sensedAt } : {}),
      active: level === this.#options.gpiActive,
    };
  }

  #antennaHealth(event: AntennaEvent, now: number): DeviceHealth {
    const disconnected = event.type === 'antennaDisconnected';
    return {
      kind: 'health',
      device: this.#device,
      channel: String(event.antennaPort),
      at: now,
      condition: 'ANTENNA_DISCONNECTED',
      active: disconnected,
      detail: `antenna ${event.antennaPort} ${disconnected ? 'disconnected' : 'connected'}`,
    };
  }
}
