/**
 * A probe: samples worth keeping (see metric-thinning.ts), the sensor's own faults and its silence. A fault is a
 * device event SENSOR_FAULT, never a sample: true with the first metric that cannot be measured, false once all can
 * be again. SENSOR_SILENT brackets the time without any word from the sensor; a fault is a word too.
 * Both flags are checkpointed, so that a bracket opened before a crash is closed after it. Values are not: the
 * first reading after a restart is kept anyway.
 */
import * as z from 'zod';
import type { DeviceConditionCode } from '../../../protocol/events/device-conditions.ts';
import { METRIC_NAMES, type Metric, metricSchema } from '../../../protocol/events/metrics.ts';
import type { DeviceEvent, StockEvent } from '../../../protocol/events/stock-event.ts';
import type { Condition } from '../../../protocol/readings/reading.ts';
import { readBody } from '../checkpoint-body.ts';
import { countForeign, handleReadings } from '../reading-handlers.ts';
import { type CheckpointRow, NO_OUTPUT, type SensingOutput, type Sensor } from '../sensor.ts';
import type { ConditionPoint } from './condition-point.ts';
import { createMetricThinning, type KeptSample, type MetricThinning } from './metric-thinning.ts';

const bodySchema = z.object({
  faulty: z.array(metricSchema),
  silent: z.boolean(),
});

const MAX_DETAIL_CHARACTERS = 500;

export function createConditionSensor(point: ConditionPoint): Sensor {
  const counters = {
    readings: 0,
    samples: 0,
    thinned: 0,
    faults: 0,
    withoutValue: 0,
    otherMetrics: 0,
    foreignReadings: 0,
    unreadableRows: 0,
  };
  const foreign = countForeign(counters);
  const stateKey = `${point.id}/state`;
  const thinnings = new Map<Metric, MetricThinning>();
  for (const metric of METRIC_NAMES) {
    const limits = point.metrics[metric];
    if (limits !== undefined) thinnings.set(metric, createMetricThinning(limits, point.heartbeatMs));
  }
  const faulty = new Set<Metric>();
  let silent = false;
  /** When the sensor last said anything, or when the watch began. */
  let heardAt: number | undefined;
  let lastReadingAt: number | undefined;
  let lastFault = '';

  const row = (): CheckpointRow => ({ key: stateKey, body: JSON.stringify({ faulty: [...faulty], silent }) });
  const deviceEvent = (
    condition: DeviceConditionCode,
    active: boolean,
    detail: string,
    at: number,
  ): DeviceEvent => ({
    type: 'device',
    device: point.device,
    readPoint: point.id,
    occurredAt: at,
    condition,
    active,
    detail: detail.slice(0, MAX_DETAIL_CHARACTERS),
  });
  const keep = (metric: Metric, samples: readonly KeptSample[], events: StockEvent[]): void => {
    for (const { at, valueMilli, reason } of samples) {
      counters.samples++;
      events.push({
        type: 'sample',
        readPoint: point.id,
        device: point.device,
        occurredAt: at,
        metric,
        valueMilli,
        reason,
      });
    }
  };
  const watchSilence = (now: number): SensingOutput => {
    // Silence cannot have begun in the future: the wall clock stepped back.
    if (heardAt === undefined || now < heardAt) heardAt = now;
    const limit = point.silentAfterMs;
    if (limit === undefined || silent || now - heardAt < limit) return NO_OUTPUT;
    silent = true;
    const events: StockEvent[] = [];
    for (const [metric, thinning] of thinnings) keep(metric, thinning.breakOff(), events);
    events.push(deviceEvent('SENSOR_SILENT', true, `nothing heard for ${limit} ms`, heardAt + limit));
    return { events, put: [row()], drop: [] };
  };

  const onCondition = (reading: Condition, now: number): SensingOutput => {
    if (reading.device !== point.device || reading.channel !== point.channel) return foreign();
    const thinning = thinnings.get(reading.metric);
    if (thinning === undefined) {
      counters.otherMetrics++;
      return NO_OUTPUT;
    }
    const { valueMilli, fault, metric } = reading;
    if (valueMilli === undefined && fault === undefined) {
      counters.withoutValue++;
      return NO_OUTPUT;
    }
    counters.readings++;
    const due = watchSilence(now);
    const events: StockEvent[] = [...due.events];
    let flagged = due.put.length > 0;
    heardAt = now;
    lastReadingAt = reading.at;
    if (silent) {
      silent = false;
      flagged = true;
      events.push(deviceEvent('SENSOR_SILENT', false, 'heard again', reading.at));
    }
    if (fault !== undefined) {
      lastFault = `${metric}: ${fault}`;
      if (!faulty.has(metric)) {
        counters.faults++;
        keep(metric, thinning.breakOff(), events);
        if (faulty.size === 0) events.push(deviceEvent('SENSOR_FAULT', true, lastFault, reading.at));
        faulty.add(metric);
        flagged = true;
      }
    } else if (valueMilli !== undefined) {
      if (faulty.delete(metric)) {
        flagged = true;
        if (faulty.size === 0) {
          events.push(deviceEvent('SENSOR_FAULT', false, `${metric}: measures again`, reading.at));
        }
      }
      const samples = thinning.onValue(valueMilli, reading.sampledAt);
      if (samples.length === 0) counters.thinned++;
      keep(metric, samples, events);
    }
    if (!flagged && events.length === 0) return NO_OUTPUT;
    return { events, put: flagged ? [row()] : [], drop: [] };
  };

  return {
    readPoint: point.id,
    onReading: handleReadings({ condition: onCondition, tag: foreign, weight: foreign, input: foreign }),
    onTick: watchSilence,
    nextTickAt() {
      if (point.silentAfterMs === undefined || silent) return undefined;
      return heardAt === undefined ? undefined : heardAt + point.silentAfterMs;
    },
    restore(rows, now) {
      heardAt = now;
      for (const { key, body } of rows) {
        if (key !== stateKey) continue;
        const saved = readBody(bodySchema, body);
        if (saved === undefined) {
          counters.unreadableRows++;
          continue;
        }
        silent = saved.silent;
        // A metric that is no longer configured could never clear its fault.
        for (const metric of saved.faulty) if (thinnings.has(metric)) faulty.add(metric);
        if (saved.faulty.length > 0 && faulty.size === 0) {
          const event = deviceEvent('SENSOR_FAULT', false, 'no longer measured here', now);
          return { events: [event], put: [row()], drop: [] };
        }
      }
      return NO_OUTPUT;
    },
    status: () => ({
      readPoint: point.id,
      kind: 'condition',
      state: stateInWords(),
      ...(lastReadingAt === undefined ? {} : { lastReadingAt }),
      counters: { ...counters },
    }),
  };

  function stateInWords(): string {
    if (silent) return 'SENSOR_SILENT';
    if (faulty.size > 0) return `SENSOR_FAULT ${lastFault}`.trimEnd();
    return lastReadingAt === undefined ? 'waiting for the first reading' : 'measuring';
  }
}
