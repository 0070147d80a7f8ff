/**
 * Brings readings to the sensors that want them and what they make of it to the journal. Gives sensors their ticks.
 * The promise of `accept` settles when everything the readings led to is durable: what a device waits for.
 * The clock must not jump: sensors take time as it comes (steady-clock.ts).
 */
import { laneOf } from '../../../protocol/events/event-kinds.ts';
import { laneKind } from '../../../protocol/events/lanes.ts';
import { isUrgent } from '../../../protocol/events/stock-event.ts';
import type { Clock, Timer } from '../../../protocol/ports/clock.ts';
import { setPatientTimer } from '../../../protocol/ports/patient-timer.ts';
import type { Reading } from '../../../protocol/readings/reading.ts';
import { createDeviceHealthSensor, type DeviceHealthSensor } from '../../sensing/device-health.ts';
import type { ReadPoint } from '../../sensing/read-point.ts';
import { createSensor, routesOf } from '../../sensing/registry.ts';
import type { CheckpointRow, SensingOutput, Sensor, SensorStatus } from '../../sensing/sensor.ts';
import type { DurableOutbox } from './durable-outbox.ts';

/**
 * Samples and contacts wait a little longer for company: at ten a second each would cost the flash a commit of its
 * own. Not so what is urgent.
 */
function mayLinger({ events, put, drop }: SensingOutput): boolean {
  const calm = events.every((event) => laneKind(laneOf(event.type)).mayLinger && !isUrgent(event));
  return calm && put.length + drop.length === 0;
}

interface SensingHub {
  /** Takes back open sessions; call once, before the first reading. */
  restore(rows: readonly CheckpointRow[]): void;
  /** `deviceWaits`: the device is answered only when the promise settles. */
  accept(readings: readonly Reading[], now: number, deviceWaits?: boolean): Promise<void> | undefined;
  status(): SensorStatus[];
  health: DeviceHealthSensor;
  /** Readings that no read point wants. */
  unrouted(): number;
  close(): void;
}

export function createSensingHub(
  readPoints: readonly ReadPoint[],
  outbox: DurableOutbox,
  clock: Clock,
): SensingHub {
  const health = createDeviceHealthSensor();
  const sensors: Sensor[] = readPoints.map(createSensor);
  const routes = new Map<string, Sensor[]>();
  for (const [index, readPoint] of readPoints.entries()) {
    const sensor = sensors[index] as Sensor;
    for (const { device, channel } of routesOf(readPoint)) {
      const key = `${device}/${channel}`;
      routes.set(key, [...(routes.get(key) ?? []), sensor]);
    }
  }
  const timers = new Map<Sensor, { due: number; timer: Timer }>();
  let unrouted = 0;
  let closed = false;

  const keep = (output: SensingOutput, deviceWaits = false): Promise<void> | undefined =>
    output.events.length + output.put.length + output.drop.length === 0
      ? undefined
      : outbox.append({ ...output, patient: !deviceWaits && mayLinger(output) });

  /** A read point that is not configured any more: what it had under way will never be an event. */
  const forget = (readPoint: string, rowCount: number, now: number) => {
    const reason = `read point ${readPoint} is not configured any more; ${rowCount} checkpoint rows dropped`;
    const gap = { type: 'gap', occurredAt: now, scope: 'lane', from: now, to: now, reason } as const;
    keep({ events: [gap], put: [], drop: [`${readPoint}/`] })?.catch(() => {});
  };

  // Every read moves a session's end; a timer that comes too early just asks again, so it is only ever brought forward.
  const schedule = (sensor: Sensor) => {
    const due = sensor.nextTickAt();
    const waiting = timers.get(sensor);
    if (due === undefined || closed || (waiting !== undefined && waiting.due <= due)) return;
    waiting?.timer.cancel();
    const timer = setPatientTimer(clock, due - clock.now(), `${sensor.readPoint} sensing`, () => {
      timers.delete(sensor);
      // A tick's output waits for nobody; a refusal is counted by the outbox.
      keep(sensor.onTick(clock.now()))?.catch(() => {});
      schedule(sensor);
    });
    timers.set(sensor, { due, timer });
  };

  return {
    health,
    restore(rows) {
      const now = clock.now();
      const ids = new Set(sensors.map((sensor) => sensor.readPoint));
      const strays = Map.groupBy(rows, (row) => row.key.split('/', 1)[0] ?? '');
      for (const [readPoint, left] of strays) {
        if (!ids.has(readPoint)) forget(readPoint, left.length, now);
      }
      for (const sensor of sensors) {
        const own = rows.filter((row) => row.key.startsWith(`${sensor.readPoint}/`));
        keep(sensor.restore(own, now))?.catch(() => {});
        schedule(sensor);
      }
    },
    accept(readings, now, deviceWaits = false) {
      const work: Promise<void>[] = [];
      for (const reading of readings) {
        if (reading.kind === 'health') {
          const events = health.onReading(reading);
          if (events.length > 0) work.push(outbox.append({ events, put: [], drop: [] }));
        }
        const wanted = routes.get(`${reading.device}/${reading.channel}`);
        if (wanted === undefined) {
          if (reading.kind !== 'health') unrouted++;
          continue;
        }
        for (const sensor of wanted) {
          const kept = keep(sensor.onReading(reading, now), deviceWaits);
          if (kept !== undefined) work.push(kept);
          schedule(sensor);
        }
      }
      return work.length === 0 ? undefined : Promise.all(work).then(() => {});
    },
    status: () => sensors.map((sensor) => sensor.status()),
    unrouted: () => unrouted,
    close() {
      closed = true;
      for (const { timer } of timers.values()) timer.cancel();
    },
  };
}
