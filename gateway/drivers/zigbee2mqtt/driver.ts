/**
 * Driver for sensors behind Zigbee2MQTT: temperature, humidity, contact. Channel is the friendly name.
 *
 * - A retained state is what was true once: discarded as RETAINED. Retained availability is today's and counts.
 * - `contact: true` means closed, so the input is active (door open) when it is false.
 * - `last_seen`, when the bridge sends it, is when the sample was taken; in the future or before 2015 it is not
 *   believed. Without it a sample is as old as its message.
 * - Health is reported at first and when it turns: BATTERY_LOW, SENSOR_OFFLINE, and BRIDGE_OFFLINE on channel `bridge`.
 */
import type { Condition, DeviceHealth, Metric, Reading } from '../../../protocol/readings/reading.ts';
import {
  decodeAvailability,
  decodeState,
  type SensorState,
} from '../../../protocol/wire/zigbee2mqtt/payload.ts';
import { parseTopic } from '../../../protocol/wire/zigbee2mqtt/topic.ts';
import type { DeviceMessage, Discarded, DriverKind, DriverOutput, MessageDriver } from '../driver.ts';
import { NOTHING } from '../driver.ts';
import { type Zigbee2MqttOptions, zigbee2MqttOptions } from './options.ts';
import { type SensorCondition, SensorHealth } from './sensor-health.ts';

export const zigbee2Mqtt: DriverKind<Zigbee2MqttOptions> = {
  kind: 'zigbee2mqtt',
  transport: 'messages',
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
        if (message.origin === 'retained') return refused('RETAINED', message);
        return this.#onState(topic.friendlyName, message, now);
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
    const decoded = decodeState(message.payload);
    if (!decoded.ok) return refused(decoded.reason, message);
    const { state, unreadable } = decoded;
    const readings: Reading[] = [
      ...this.#conditions(sensor, state, now),
      ...this.#contact(sensor, state, now),
      ...this.#battery(sensor, state, now),
    ];
    const discarded: Discarded[] = unreadable.map((key) => ({ reason: 'BAD_VALUE', bytes: key.length }));
    return { readings, send: [], discarded, ...this.#state() };
  }

  #conditions(sensor: string, state: SensorState, now: number): Condition[] {
    const sampledAt = sampleTime(state.lastSeenMs, now);
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

  #contact(sensor: string, { contact }: SensorState, now: number): Reading[] {
    if (contact === undefined) return [];
    return [{ kind: 'input', device: this.#device, channel: sensor, at: now, active: !contact }];
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
    const readings = this.#turned(sensor, 'SENSOR_OFFLINE', offline, `${sensor} ${availability}`, now);
    return { readings, send: [], discarded: [], ...this.#state() };
  }

  #onBridgeState(message: DeviceMessage, now: number): DriverOutput<never> {
    const availability = decodeAvailability(message.payload);
    if (availability === undefined) return refused('BAD_AVAILABILITY', message);
    this.#bridge = availability;
    const offline = availability === 'offline';
    const readings = this.#turned(BRIDGE, 'BRIDGE_OFFLINE', offline, `Zigbee2MQTT ${availability}`, now);
    return { readings, send: [], discarded: [], ...this.#state() };
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

  #state(): { state?: string } {
    return this.#bridge === undefined ? {} : { state: `bridge ${this.#bridge}` };
  }
}

function sampleTime(lastSeenMs: number | undefined, now: number): number {
  if (lastSeenMs === undefined || lastSeenMs < EARLIEST_MS || lastSeenMs > now + MAX_AHEAD_MS) return now;
  return Math.min(lastSeenMs, now);
}

function refused(reason: string, message: DeviceMessage): DriverOutput<never> {
  return { ...NOTHING, discarded: [{ reason, bytes: message.payload.length }] };
}
