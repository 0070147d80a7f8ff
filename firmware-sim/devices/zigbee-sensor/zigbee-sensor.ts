/**
 * One sensor behind Zigbee2MQTT: temperature and humidity, or a door contact. Mirror of the zigbee2mqtt driver.
 * Like the real thing it sleeps: a measurement is sent when it has moved by the reporting threshold and the minimum
 * interval has passed, or at the latest after the maximum interval; a contact edge at once. Every message repeats
 * all that is known of the sensor and is published retained.
 *
 * Asked for a measurement (`<name>/get`), it sends what it measures then; a contact cannot be asked for.
 *
 * Changes made by the world show at the next tick. Contact edges are sent one by one, in order.
 */

import { decodeGet, getFilters } from '../../../protocol/wire/zigbee2mqtt/get.ts';
import {
  encodeAvailability,
  encodeState,
  type SensorState,
} from '../../../protocol/wire/zigbee2mqtt/payload.ts';
import { availabilityTopic, bridgeStateTopic, stateTopic } from '../../../protocol/wire/zigbee2mqtt/topic.ts';
import { type DeviceOutput, type MessageDevice, type ReceivedMessage, SILENT } from '../device.ts';
import type { DeviceFault } from '../faults.ts';

export interface ZigbeeSensorOptions {
  readonly friendlyName: string;
  readonly baseTopic?: string;
  /** Configure-reporting of the measurement clusters. */
  readonly minIntervalMs?: number;
  readonly maxIntervalMs?: number;
  readonly temperatureThresholdMilli?: number;
  readonly humidityThresholdMilli?: number;
  /** As with `advanced.last_seen: ISO_8601`. */
  readonly sendsLastSeen?: boolean;
}

type Publish = DeviceOutput['publish'][number];

type ZigbeeFault = 'open' | 'unreachable';

export const ZIGBEE_FAULTS: Readonly<Record<ZigbeeFault, DeviceFault>> = {
  open: { what: 'the probe is broken: the ZCL "invalid" values', raises: ['SENSOR_FAULT'] },
  unreachable: { what: 'out of radio reach: offline, and nothing measured', raises: ['DEVICE_FAULT'] },
};

export class ZigbeeSensor implements MessageDevice {
  readonly transport = 'messages';
  readonly subscriptions: readonly string[];
  readonly #options: Required<ZigbeeSensorOptions>;
  #temperature: number | undefined;
  #humidity: number | undefined;
  #contact: boolean | undefined;
  #batteryMilliPercent = 100_000;
  #fault: string | undefined;
  #reachable = true;
  #greeted = false;
  /** Someone wants to know a measurement now. */
  #asked = false;
  /** What the last message said. */
  #sent: SensorState = {};
  #sentAt = Number.NEGATIVE_INFINITY;
  readonly #contactEdges: boolean[] = [];
  readonly #availability: ('online' | 'offline')[] = ['online'];

  constructor(options: ZigbeeSensorOptions) {
    this.#options = {
      baseTopic: 'zigbee2mqtt',
      minIntervalMs: 10_000,
      maxIntervalMs: 3_600_000,
      temperatureThresholdMilli: 100,
      humidityThresholdMilli: 1_000,
      sendsLastSeen: false,
      ...options,
    };
    this.subscriptions = getFilters(this.#options.baseTopic, this.#options.friendlyName);
  }

  setTemperatureMilliCelsius(value: number): void {
    this.#temperature = value;
  }

  setHumidityMilliPercent(value: number): void {
    this.#humidity = value;
  }

  /** `closed` is what Zigbee2MQTT calls `contact`. */
  setContact(closed: boolean): void {
    if (this.#contact === closed) return;
    this.#contact = closed;
    if (this.#reachable) this.#contactEdges.push(closed);
  }

  setOpen(open: boolean): void {
    this.setContact(!open);
  }

  setBatteryPercent(percent: number): void {
    this.#batteryMilliPercent = Math.round(percent * 1000);
  }

  /** A broken probe: the sensor reports the ZCL "invalid" values. Undefined mends it. */
  setFault(fault: string | undefined): void {
    this.#fault = fault;
  }

  /** Out of radio reach it says nothing, and Zigbee2MQTT reports it offline. */
  setReachable(reachable: boolean): void {
    if (this.#reachable === reachable) return;
    this.#reachable = reachable;
    this.#availability.push(reachable ? 'online' : 'offline');
    if (!reachable) this.#contactEdges.length = 0;
    else if (this.#contact !== undefined && this.#contact !== this.#sent.contact) {
      this.#contactEdges.push(this.#contact);
    }
  }

  onMessage({ topic, payload }: ReceivedMessage, now: number): DeviceOutput {
    const { baseTopic, friendlyName } = this.#options;
    const wanted = decodeGet(baseTopic, friendlyName, topic, payload);
    const measured = { temperature: this.#temperature, humidity: this.#humidity };
    // What it does not measure cannot be read, and out of reach nothing can.
    this.#asked ||= this.#reachable && wanted.some((key) => measured[key] !== undefined);
    return this.onTick(now);
  }

  onTick(now: number): DeviceOutput {
    const publish: Publish[] = [];
    const { baseTopic, friendlyName } = this.#options;
    if (!this.#greeted) {
      this.#greeted = true;
      publish.push({
        topic: bridgeStateTopic(baseTopic),
        payload: encodeAvailability('online'),
        retain: true,
      });
    }
    for (const availability of this.#availability.splice(0)) {
      const topic = availabilityTopic(baseTopic, friendlyName);
      publish.push({ topic, payload: encodeAvailability(availability), retain: true });
    }
    for (const contact of this.#contactEdges.splice(0)) publish.push(this.#stateMessage(now, contact));
    const due = this.#dueAt();
    if (due !== undefined && now >= due) publish.push(this.#stateMessage(now, this.#contact));
    return publish.length === 0 ? SILENT : { send: [], publish };
  }

  nextTickAt(): number | undefined {
    if (!this.#greeted || this.#availability.length > 0 || this.#contactEdges.length > 0) return 0;
    return this.#dueAt();
  }

  /** When the measurements are next worth a message. */
  #dueAt(): number | undefined {
    if (!this.#reachable || !this.#knowsAnything()) return undefined;
    if (this.#asked) return 0;
    const interval = this.#hasMoved() ? this.#options.minIntervalMs : this.#options.maxIntervalMs;
    return Math.max(0, this.#sentAt + interval);
  }

  #knowsAnything(): boolean {
    return this.#temperature !== undefined || this.#humidity !== undefined || this.#contact !== undefined;
  }

  #hasMoved(): boolean {
    const { temperatureThresholdMilli, humidityThresholdMilli } = this.#options;
    const now = this.#measured();
    return (
      differs(now.temperatureMilliCelsius, this.#sent.temperatureMilliCelsius, temperatureThresholdMilli) ||
      differs(now.humidityMilliPercent, this.#sent.humidityMilliPercent, humidityThresholdMilli) ||
      this.#batteryMilliPercent !== this.#sent.batteryMilliPercent
    );
  }

  /** The measurements as the sensor resolves them: hundredths. */
  #measured(): Pick<SensorState, 'temperatureMilliCelsius' | 'humidityMilliPercent'> {
    const shown = (value: number): number | 'invalid' =>
      this.#fault === undefined ? Math.round(value / 10) * 10 : 'invalid';
    return {
      ...(this.#temperature === undefined ? {} : { temperatureMilliCelsius: shown(this.#temperature) }),
      ...(this.#humidity === undefined ? {} : { humidityMilliPercent: shown(this.#humidity) }),
    };
  }

  #stateMessage(now: number, contact: boolean | undefined): Publish {
    const { baseTopic, friendlyName, sendsLastSeen } = this.#options;
    this.#sent = {
      ...this.#measured(),
      ...(contact === undefined ? {} : { contact }),
      batteryMilliPercent: this.#batteryMilliPercent,
    };
    this.#sentAt = now;
    this.#asked = false;
    const payload = encodeState(sendsLastSeen ? { ...this.#sent, lastSeenMs: now } : this.#sent);
    return { topic: stateTopic(baseTopic, friendlyName), payload, retain: true };
  }
}

function differs(
  now: number | 'invalid' | undefined,
  sent: number | 'invalid' | undefined,
  by: number,
): boolean {
  if (typeof now !== 'number' || typeof sent !== 'number') return now !== sent;
  return Math.abs(now - sent) >= by;
}
