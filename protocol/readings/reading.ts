import type { DeviceConditionCode } from '../events/device-conditions.ts';
import type { Metric } from '../events/metrics.ts';

export type { Metric };

/**
 * What one device said once. Drivers make readings, sensing turns them into stock events; readings never leave
 * the gateway. `device` is the configured device id; `channel` names the place on that device: an antenna
 * ("1"), a Modbus unit ("3"), a Zigbee friendly name, a GPI port.
 * `at` is when the gateway received it; a device's own time, where it has one, stands in its own field.
 * All times are epoch milliseconds.
 */
export type Reading = TagRead | Weight | Condition | Input | DeviceHealth;

interface ReadingOrigin {
  readonly device: string;
  readonly channel: string;
  readonly at: number;
}

/** One tag as reported by a reader; a report may stand for several air reads (`readCount`). */
export interface TagRead extends ReadingOrigin {
  readonly kind: 'tag';
  /** EPC bank content without padding, lower-case hex; whatever the tag says, GS1 or not. */
  readonly epc: string;
  /** Strongest reading of this report, dBm; absent when the reader leaves it out. */
  readonly peakRssiDbm?: number;
  readonly readCount: number;
  /** First and last sight within this report, on the gateway's time scale. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
}

/** A scale's indication. Only `stable` and `dynamic` carry a mass: over, under and error are states, never 0. */
export interface Weight extends ReadingOrigin {
  readonly kind: 'weight';
  readonly state: 'stable' | 'dynamic' | 'overload' | 'underload' | 'error';
  readonly netMilligrams?: number;
  /** The unit as the scale sent it. */
  readonly unit?: string;
  /** The line as received, for the record. */
  readonly raw: string;
}

/** A measured condition: milli-degrees Celsius or milli-percent relative humidity; or the sensor's own fault. */
export interface Condition extends ReadingOrigin {
  readonly kind: 'condition';
  readonly metric: Metric;
  readonly valueMilli?: number;
  /** Set instead of a value when the sensor reports that it cannot measure (open probe, sentinel, exception). */
  readonly fault?: string;
  /** When the sensor took it, where it says so; otherwise equal to `at`. */
  readonly sampledAt: number;
}

/** A digital input: photo-eye on a GPI port, door contact. `active` is true for beam broken / door open. */
export interface Input extends ReadingOrigin {
  readonly kind: 'input';
  /** When the device noticed, on the gateway's time scale, where it says so: older than `at` if it was held back. */
  readonly sensedAt?: number;
  /** How the input was found to stand, not a change of it: since when is not known. */
  readonly isLevel?: true;
  readonly active: boolean;
}

/** The device's own condition. `lost` counts readings the device says it dropped. */
export interface DeviceHealth extends ReadingOrigin {
  readonly kind: 'health';
  readonly condition: DeviceConditionCode;
  /** True while the condition holds; a pair of true/false brackets it. One-off facts send true only. */
  readonly active: boolean;
  readonly detail: string;
  readonly lost?: number;
}

/** Names of the fields of a kind of reading that are times: `at`, and whatever ends in `At`. */
type TimeField<Kind extends Reading> = keyof Kind & ('at' | `${string}At`);

/** Per kind, each of its times, those too that only some devices say: the compiler asks for all of them. */
const READING_TIMES: {
  readonly [Kind in Reading as Kind['kind']]: { readonly [Field in TimeField<Kind>]-?: true };
} = {
  tag: { at: true, firstSeenAt: true, lastSeenAt: true },
  weight: { at: true },
  condition: { at: true, sampledAt: true },
  input: { at: true, sensedAt: true },
  health: { at: true },
};

/** The same reading on another time scale. */
export function shiftReading(reading: Reading, byMs: number): Reading {
  const moved: Record<string, unknown> = { ...reading };
  for (const field of Object.keys(READING_TIMES[reading.kind])) {
    const time = moved[field];
    if (typeof time === 'number') moved[field] = time + byMs;
  }
  return moved as unknown as Reading;
}
