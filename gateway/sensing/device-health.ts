/**
 * Devices' own conditions as events: one `device` event per change of what lasts, one per occurrence of what just
 * happens, and a `gap` event for readings a device says it lost. The device named is the thing that ails: a sensor
 * on a bus or an antenna of a reader is `<device>/<channel>`. Pure.
 */
import { MOMENTARY_CONDITIONS, UNCOUNTED_LOSS_CONDITIONS } from '../../protocol/events/device-conditions.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import type { DeviceHealth } from '../../protocol/readings/reading.ts';

/** More conditions than this are not remembered: repeats of the rest come through as events. */
export const MAX_KNOWN_CONDITIONS = 4000;

/** Channels that mean the device as a whole. */
const WHOLE_DEVICE: ReadonlySet<string> = new Set(['', 'reader', 'bridge']);

export interface DeviceHealthSensor {
  onReading(reading: DeviceHealth): StockEvent[];
  /** What holds now on the device and its parts, for the status page. */
  open(device: string): { condition: string; detail: string; since: number }[];
}

export function createDeviceHealthSensor(): DeviceHealthSensor {
  const known = new Map<
    string,
    { device: string; condition: string; active: boolean; detail: string; since: number }
  >();

  /**
   * Whether the reading is news. The first word on a condition always is, also that all is well: before a restart
   * we may have said otherwise.
   */
  const isNews = (key: string, reading: DeviceHealth): boolean => {
    const { device, condition, detail, active, at } = reading;
    if (MOMENTARY_CONDITIONS.has(condition)) return active;
    const before = known.get(key);
    if (before?.active === active) return false;
    if (before !== undefined || known.size < MAX_KNOWN_CONDITIONS) {
      known.set(key, { device, condition, active, detail, since: at });
    }
    return true;
  };

  return {
    onReading(reading) {
      const { channel, condition, active, at } = reading;
      const device = WHOLE_DEVICE.has(channel) ? reading.device : `${reading.device}/${channel}`;
      const detail = reading.detail.slice(0, 500);
      const events: StockEvent[] = [];
      if (isNews(`${device}\n${condition}`, reading)) {
        events.push({ type: 'device', device, occurredAt: at, condition, active, detail });
      }
      if (reading.lost !== undefined || (active && UNCOUNTED_LOSS_CONDITIONS.has(condition))) {
        const reason = `${condition}: ${detail}`.slice(0, 200);
        const lost = reading.lost === undefined ? {} : { lost: reading.lost };
        events.push({
          type: 'gap',
          occurredAt: at,
          scope: 'device',
          device,
          from: at,
          to: at,
          ...lost,
          reason,
        });
      }
      return events;
    },
    open: (device) =>
      [...known.values()]
        .filter((one) => one.active && one.device === device)
        .map(({ condition, detail, since }) => ({ condition, detail, since })),
  };
}
