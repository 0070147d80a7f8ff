/**
 * Driver for sensors behind Zigbee2MQTT: temperature, humidity, contact. Channel is the friendly name.
 *
 * - A retained state is what was true once: discarded as RETAINED. Retained availability is today's and counts.
 * - `contact: true` means closed, so the input is active (door open) when it is false.
 * - `last_seen`, when the bridge sends it, is when the sample was taken; in the future or before 2015 it is not
 *   believed. Without it a sample of a live message is as old as that, and a message of unknown age is AGE_UNKNOWN.
 * - Health is reported at first and when it turns: BATTERY_LOW, SENSOR_OFFLINE, and BRIDGE_OFFLINE on channel `bridge`.
 */
import type { Condition, DeviceHealth, Metric, Reading } from '../../../protocol/readings/reading.ts';
import {
  decodeAvailability,
  decodeState,
  type SensorState,
} from '../../../protocol/wire/zigbee2mqtt/payload.ts';
import { parseTopic } from '../../../protocol/wire/zigbee2mqtt/topic.ts';
import {
  type DeviceMessage,
  type DriverKind,
  type DriverOutput,
  type MessageDriver,
  NOTHING,
} from '../driver.ts';
import { believedTime } from '../shared/device-clock.ts';
import { Outputs } from '../shared/outputs.ts';
import { type Zigbee2MqttOptions, zigbee2MqttOptions } from './options.ts';
import { type SensorCondition, SensorHealth } from './sensor-health.ts';

export const zigbee2Mqtt: DriverKind<Zigbee2MqttOptions> = {
  kind: 'zigbee2mqtt',
  transport: 'messages',
  timeSource: () => 'device-clock',
  options: zigbee2MqttOptions,
  create: (device, options) => new Zigbee2MqttDriver(device, options),
};

/** How far the bridge's clock may be ahead of ours before its `last_seen` is not believed. */
const MAX_AHEAD_MS = 300_000;
/** Clocks that were never set say 1970 or 2000. */
const EARLIEST_MS = Date.UTC(2015, 0, 1);
const BRIDGE = 'bridge';

class Zigbee2MqttDriver implements MessageDriver {
  readonly transport = 'messages';
  readonly subscriptions: readonly string[];
  readonly #device: string;
  readonly #baseTopic: string;
  readonly #health = new SensorHealth();
  #bridge: 'online' | 'offline' | undefined;

  constructor(device: string, options: Zigbee2MqttOptions) {
    this.#device = device;
    this.#baseTopic = options.baseTopic;
    this.subscriptions = [`${options.baseTopic}/#`];
  }

  onMessage(message: DeviceMessage, now: number): DriverOutput<never> {
    const topic = parseTopic(this.#baseTopic, message.topic);
    switch (topic?.kind) {
      case undefined:
        return refused('FOREIGN_TOPIC', message);
      case 'command':
      case 'bridge':
        return NOTHING;
      case 'bridgeState':
        return this.#onBridgeState(message, now);
      case 'availability':
        return this.#onAvailability(topic.friendlyName, message, now);
      case 'state':
        return this.#onState(topic.friendlyName, message, now);
      default:
        return topic satisfies never;
    }
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

  #onState(sensor: string, message: DeviceMessage, now: number): DriverOutput<never> {
    if (message.origin === 'retained') return refused('RETAINED', message);
    const decoded = decodeState(message.payload);
    if (!decoded.ok) return refused(decoded.reason, message);
    const { state, unreadable } = decoded;
    const seenAt = believedTime(state.lastSeenMs, { from: EARLIEST_MS, to: now + MAX_AHEAD_MS });
    if (message.origin !== 'live' && seenAt === undefined) return refused('AGE_UNKNOWN', message);
    const out = new Outputs<never>();
    out.readings.push(
      ...this.#conditions(sensor, state, Math.min(seenAt ?? now, now), now),
      ...this.#contact(sensor, state, message.origin === 'live' ? undefined : seenAt, now),
      ...this.#battery(sensor, state, now),
    );
    for (const key of unreadable) out.discard('BAD_VALUE', key.length);
    return this.#finish(out);
  }

  #conditions(sensor: string, state: SensorState, sampledAt: number, now: number): Condition[] {
    const condition = (metric: Metric, value: number | 'invalid' | undefined): Condition[] => {
      if (value === undefined) return [];
      const measured = value === 'invalid' ? { fault: 'INVALID_MEASUREMENT' } : { valueMilli: value };
      return [
        { kind: 'condition', device: this.#device, channel: sensor, at: now, metric, ...measured, sampledAt },
      ];
    };
    return [
      ...condition('temperature', state.temperatureMilliCelsius),
      ...condition('relativeHumidity', state.humidityMilliPercent),
    ];
  }

  /** `sensedAt` when it was not now. */
  #contact(sensor: string, { contact }: SensorState, sensedAt: number | undefined, now: number): Reading[] {
    if (contact === undefined) return [];
    const held = sensedAt !== undefined && sensedAt < now ? { sensedAt } : {};
    return [{ kind: 'input', device: this.#device, channel: sensor, at: now, ...held, active: !contact }];
  }

  #battery(sensor: string, { batteryMilliPercent, batteryLow }: SensorState, now: number): Reading[] {
    const low = this.#health.isBatteryLow(sensor, batteryMilliPercent, batteryLow);
    if (low === undefined) return [];
    const level = batteryMilliPercent === undefined ? '' : ` at ${batteryMilliPercent / 1000} %`;
    return this.#turned(sensor, 'BATTERY_LOW', low, `battery ${low ? 'low' : 'fine'}${level}`, now);
  }

  #onAvailability(sensor: string, message: DeviceMessage, now: number): DriverOutput<never> {
    const availability = decodeAvailability(message.payload);
    if (availability === undefined) return refused('BAD_AVAILABILITY', message);
    const offline = availability === 'offline';
    const out = new Outputs<never>();
    out.readings.push(...this.#turned(sensor, 'SENSOR_OFFLINE', offline, `${sensor} ${availability}`, now));
    return this.#finish(out);
  }

  #onBridgeState(message: DeviceMessage, now: number): DriverOutput<never> {
    const availability = decodeAvailability(message.payload);
    if (availability === undefined) return refused('BAD_AVAILABILITY', message);
    this.#bridge = availability;
    const offline = availability === 'offline';
    const out = new Outputs<never>();
    out.readings.push(...this.#turned(BRIDGE, 'BRIDGE_OFFLINE', offline, `Zigbee2MQTT ${availability}`, now));
    return this.#finish(out);
  }

  #turned(
    sensor: string,
    condition: SensorCondition,
    active: boolean,
    detail: string,
    now: number,
  ): DeviceHealth[] {
    if (!this.#health.turn(sensor, condition, active)) return [];
    return [{ kind: 'health', device: this.#device, channel: sensor, at: now, condition, active, detail }];
  }

  #finish(out: Outputs<never>): DriverOutput<never> {
    if (this.#bridge !== undefined) out.state(`bridge ${this.#bridge}`);
    return out.finish();
  }
}

function refused(reason: string, message: DeviceMessage): DriverOutput<never> {
  const out = new Outputs<never>();
  out.discard(reason, message.payload.length);
  return out.finish();
}
