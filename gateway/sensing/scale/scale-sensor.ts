/**
 * From a stream of indications to one weighing per settle (OIML R 76 notions): EMPTY → LOADING → SETTLED.
 * A load has settled when the device says stable and `samples` consecutive indications agree for `stableMs`.
 * After a weighing the scale is armed again by an indication at zero or by a settled difference of at least
 * `stepMilligrams`. Over, under and error are states of the device, never a mass. A settled negative mass is drift.
 * The last settled mass is checkpointed: a restart does not weigh the same load twice. A settle in progress is
 * not; the load is still there, and the scale is asked again.
 */
import * as z from 'zod';
import type { DeviceConditionCode } from '../../../protocol/events/device-conditions.ts';
import type { DeviceEvent, StockEvent, WeighingEvent } from '../../../protocol/events/stock-event.ts';
import type { Weight } from '../../../protocol/readings/reading.ts';
import { readBody } from '../checkpoint-body.ts';
import { countForeign, handleReadings } from '../reading-handlers.ts';
import { type CheckpointRow, NO_OUTPUT, type SensingOutput, type Sensor } from '../sensor.ts';
import type { ScalePoint } from './scale-point.ts';

const FAULT_CODE = { overload: 'OVERLOAD', underload: 'UNDERLOAD', error: 'SCALE_ERROR' } as const;
type Fault = keyof typeof FAULT_CODE;

const FAULT_DETAIL: Record<Fault, string> = {
  overload: 'more on the scale than it can weigh',
  underload: 'less on the scale than its zero: platform missing or lifted',
  error: 'the scale cannot give a weight',
};

const bodySchema = z.object({
  settledMilligrams: z.int().optional(),
  armed: z.boolean(),
  fault: z.enum(['overload', 'underload', 'error']).optional(),
  drifted: z.boolean(),
});

const MAX_RAW_CHARACTERS = 256;

export function createScaleSensor(point: ScalePoint): Sensor {
  const counters = {
    readings: 0,
    weighings: 0,
    faults: 0,
    withoutMass: 0,
    foreignReadings: 0,
    unreadableRows: 0,
  };
  const foreign = countForeign(counters);
  const stateKey = `${point.id}/state`;
  /** Indications agree within the zero width, but never so widely that half a step is lost in it. */
  const toleranceMilligrams = Math.min(point.zeroWithinMilligrams, Math.floor(point.stepMilligrams / 2));
  let settledMilligrams: number | undefined;
  let armed = true;
  let fault: Fault | undefined;
  let drifted = false;
  let candidate: { milligrams: number; count: number; since: number } | undefined;
  let lastReadingAt: number | undefined;

  const atZero = (milligrams: number) => Math.abs(milligrams) <= point.zeroWithinMilligrams;
  const row = (): CheckpointRow => ({
    key: stateKey,
    body: JSON.stringify({ settledMilligrams, armed, fault, drifted }),
  });
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
    detail,
  });

  const turnTo = (next: Fault | undefined, at: number, events: StockEvent[]): void => {
    if (next === fault) return;
    if (fault !== undefined) {
      events.push(deviceEvent(FAULT_CODE[fault], false, 'the scale weighs again or says otherwise', at));
    }
    if (next !== undefined) {
      counters.faults++;
      events.push(deviceEvent(FAULT_CODE[next], true, FAULT_DETAIL[next], at));
    }
    fault = next;
  };

  const hasSettled = (milligrams: number, at: number): boolean => {
    if (candidate === undefined || Math.abs(milligrams - candidate.milligrams) > toleranceMilligrams) {
      candidate = { milligrams, count: 1, since: at };
    } else {
      candidate.count++;
      if (at < candidate.since) candidate.since = at;
    }
    return candidate.count >= point.settle.samples && at - candidate.since >= point.settle.stableMs;
  };

  const settle = (milligrams: number, weight: Weight, events: StockEvent[]): void => {
    if (milligrams < -point.zeroWithinMilligrams) {
      if (!drifted) {
        events.push(deviceEvent('SCALE_DRIFT', true, `at rest on ${milligrams} mg, below zero`, weight.at));
      }
      drifted = true;
      return;
    }
    if (drifted) {
      events.push(deviceEvent('SCALE_DRIFT', false, `at rest on ${milligrams} mg`, weight.at));
      drifted = false;
    }
    const previous = settledMilligrams;
    const empty = atZero(milligrams);
    const wasEmpty = previous === undefined || atZero(previous);
    const isNew = empty
      ? !wasEmpty
      : armed || previous === undefined || Math.abs(milligrams - previous) >= point.stepMilligrams;
    if (isNew) {
      const event: WeighingEvent = {
        type: 'weighing',
        readPoint: point.id,
        device: point.device,
        occurredAt: weight.at,
        netMilligrams: milligrams,
        ...(previous === undefined ? {} : { previousNetMilligrams: previous }),
        stability: 'device',
        unit: weight.unit ?? '',
        raw: weight.raw.slice(0, MAX_RAW_CHARACTERS),
      };
      events.push(event);
      counters.weighings++;
    }
    if (isNew || previous === undefined) settledMilligrams = milligrams;
    armed = empty;
  };

  const rest = (reading: Weight, events: StockEvent[]) => {
    const milligrams = reading.netMilligrams;
    if (milligrams === undefined) {
      counters.withoutMass++;
      candidate = undefined;
      return;
    }
    if (atZero(milligrams)) armed = true;
    if (hasSettled(milligrams, reading.at)) settle(milligrams, reading, events);
  };

  const onWeight = (reading: Weight): SensingOutput => {
    if (reading.device !== point.device || reading.channel !== point.channel) return foreign();
    counters.readings++;
    lastReadingAt = reading.at;
    const events: StockEvent[] = [];
    const before = { settledMilligrams, armed };
    switch (reading.state) {
      case 'overload':
      case 'underload':
      case 'error':
        candidate = undefined;
        turnTo(reading.state, reading.at, events);
        break;
      case 'dynamic':
        candidate = undefined;
        turnTo(undefined, reading.at, events);
        if (reading.netMilligrams === undefined) counters.withoutMass++;
        break;
      case 'stable':
        turnTo(undefined, reading.at, events);
        rest(reading, events);
        break;
    }
    const changed =
      events.length > 0 || before.settledMilligrams !== settledMilligrams || before.armed !== armed;
    return changed ? { events, put: [row()], drop: [] } : NO_OUTPUT;
  };

  return {
    readPoint: point.id,
    onReading: handleReadings({ weight: onWeight, tag: foreign, condition: foreign, input: foreign }),
    onTick: () => NO_OUTPUT,
    nextTickAt: () => undefined,
    restore(rows) {
      for (const { key, body } of rows) {
        if (key !== stateKey) continue;
        const saved = readBody(bodySchema, body);
        if (saved === undefined) {
          counters.unreadableRows++;
          continue;
        }
        settledMilligrams = saved.settledMilligrams;
        armed = saved.armed;
        fault = saved.fault;
        drifted = saved.drifted;
      }
      return NO_OUTPUT;
    },
    status: () => ({
      readPoint: point.id,
      kind: 'scale',
      state: stateInWords(),
      ...(lastReadingAt === undefined ? {} : { lastReadingAt }),
      counters: { ...counters },
    }),
  };

  function stateInWords(): string {
    if (fault !== undefined) return FAULT_CODE[fault];
    if (drifted) return 'SCALE_DRIFT';
    if (settledMilligrams === undefined) return 'waiting for the first settled weight';
    const settled = atZero(settledMilligrams) ? 'EMPTY' : `SETTLED at ${settledMilligrams} mg`;
    if (candidate === undefined) return `LOADING, last ${settled}`;
    return settled;
  }
}
