/**
 * Devices' own conditions as events: one `device` event per change, however often the device repeats itself, and a
 * `gap` event for readings a device says it lost. Pure.
 */
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import type { DeviceHealth } from '../../protocol/readings/reading.ts';

/** More open conditions than this are not remembered: repeats of the rest come through as events. */
export const MAX_OPEN_CONDITIONS = 2000;

export interface DeviceHealthSensor {
  onReading(reading: DeviceHealth): StockEvent[];
  /** What holds now, for the status page. */
  open(device: string): { condition: string; detail: string; since: number }[];
}

export function createDeviceHealthSensor(): DeviceHealthSensor {
  const open = new Map<string, { device: string; condition: string; detail: string; since: number }>();
  return {
    onReading(reading) {
      const { device, condition, detail, active, at } = reading;
      const key = `${device}/${reading.channel}/${condition}`;
      const events: StockEvent[] = [];
      if (active !== open.has(key)) {
        if (!active) open.delete(key);
        else if (open.size < MAX_OPEN_CONDITIONS) open.set(key, { device, condition, detail, since: at });
        events.push({
          type: 'device',
          device,
          occurredAt: at,
          condition,
          active,
          detail: detail.slice(0, 500),
        });
      }
      if (reading.lost !== undefined) {
        events.push({
          type: 'gap',
          occurredAt: at,
          scope: 'device',
          device,
          from: at,
          to: at,
          lost: reading.lost,
          reason: `${condition}: ${detail}`.slice(0, 200),
        });
      }
      return events;
    },
    open: (device) =>
      [...open.values()]
        .filter((one) => one.device === device)
        .map(({ condition, detail, since }) => ({ condition, detail, since })),
  };
}
