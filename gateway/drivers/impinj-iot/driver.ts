/**
 * Driver for Impinj R700/R720 readers that publish their IoT device interface events over MQTT. Holds no state but
 * what the reader last said about its inventory: every message stands for itself. Tag channel is the antenna port,
 * "0" when the reader leaves it out; input channel is `gpi-<port>`.
 */
import type { DeviceHealth, Input, Reading, TagRead } from '../../../protocol/readings/reading.ts';
import { decodeMessage } from '../../../protocol/wire/impinj-iot/decode.ts';
import type {
  AntennaEvent,
  GpiTransitionEvent,
  ImpinjEvent,
  TagInventoryEvent,
} from '../../../protocol/wire/impinj-iot/event.ts';
import type { DeviceMessage, Discarded, DriverKind, DriverOutput, MessageDriver } from '../driver.ts';
import { NOTHING } from '../driver.ts';
import { type ImpinjIotOptions, impinjIotOptions } from './options.ts';
import { gatewayTimes } from './reader-clock.ts';

export const impinjIot: DriverKind<ImpinjIotOptions> = {
  kind: 'impinj-iot',
  transport: 'messages',
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
  #inventory: 'running' | 'idle' | undefined;

  constructor(device: string, options: ImpinjIotOptions) {
    this.#device = device;
    this.#options = options;
    this.subscriptions = [options.topic];
  }

  onMessage(message: DeviceMessage, now: number): DriverOutput<never> {
    if (message.origin === 'retained') {
      return { ...NOTHING, discarded: [{ reason: 'RETAINED', bytes: message.payload.length }] };
    }
    const { events, refused } = decodeMessage(message.payload);
    const toGateway = gatewayTimes(events, now, this.#options.adjustClock);
    const readings: Reading[] = [];
    const discarded: Discarded[] = [...refused];
    for (const event of events) {
      const reading = this.#onEvent(event, now, toGateway, discarded);
      if (reading !== undefined) readings.push(reading);
    }
    return {
      readings,
      send: [],
      discarded,
      ...(this.#inventory === undefined ? {} : { state: `inventory ${this.#inventory}` }),
    };
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

  #onEvent(
    event: ImpinjEvent,
    now: number,
    toGateway: (readerTime: number | undefined) => number,
    discarded: Discarded[],
  ): Reading | undefined {
    switch (event.type) {
      case 'tagInventory':
        return this.#tagRead(event, now, toGateway(event.lastSeenMs ?? event.timestampMs));
      case 'gpiTransition':
        return this.#input(event, now, toGateway(event.timestampMs));
      case 'antennaConnected':
      case 'antennaDisconnected':
        return this.#antennaHealth(event, now);
      case 'inventoryStatus':
        this.#inventory = event.inventoryStatus;
        return undefined;
      case 'other':
        discarded.push({ reason: 'UNUSED_EVENT', bytes: 0 });
        return undefined;
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
