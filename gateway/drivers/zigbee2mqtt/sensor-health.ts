/**
 * What the driver remembers about each sensor so that health is reported when it turns, not with every message:
 * battery low (below 15 %, over again from 20 %) and offline. The first word about a sensor is reported either way,
 * so that what was open before a restart is closed. Holds at most MAX_SENSORS names.
 */

/** Beyond it the health of further sensors is not followed; their readings still pass. */
export const MAX_SENSORS = 2_000;

const BATTERY_LOW_MILLI = 15_000;
const BATTERY_FINE_MILLI = 20_000;

export type SensorCondition = 'BATTERY_LOW' | 'SENSOR_OFFLINE' | 'BRIDGE_OFFLINE';

export class SensorHealth {
  readonly #known = new Map<string, Map<SensorCondition, boolean>>();

  /** True when this is news. */
  turn(sensor: string, condition: SensorCondition, active: boolean): boolean {
    const known = this.#known.get(sensor);
    if (known === undefined) {
      if (this.#known.size >= MAX_SENSORS) return false;
      this.#known.set(sensor, new Map([[condition, active]]));
      return true;
    }
    if (known.get(condition) === active) return false;
    known.set(condition, active);
    return true;
  }

  /** Whether the battery is low now; undefined when the message does not say. */
  isBatteryLow(
    sensor: string,
    batteryMilliPercent: number | undefined,
    flag: boolean | undefined,
  ): boolean | undefined {
    if (batteryMilliPercent === undefined) return flag;
    if (batteryMilliPercent < BATTERY_LOW_MILLI || flag === true) return true;
    if (batteryMilliPercent >= BATTERY_FINE_MILLI) return false;
    return this.#known.get(sensor)?.get('BATTERY_LOW') ?? false;
  }
}
