/**
 * Door and lid contacts: an edge counts once it has held for `debounceMs`; the event carries the time of the edge
 * itself. The first state is emitted once per journal: the last emitted state is checkpointed, and so is an edge
 * that is still being debounced, so that a crash inside the debounce loses no opening.
 */
import * as z from 'zod';
import type { ContactEvent } from '../../../protocol/events/stock-event.ts';
import type { Input } from '../../../protocol/readings/reading.ts';
import { readBody } from '../checkpoint-body.ts';
import { countForeign, handleReadings } from '../reading-handlers.ts';
import { type CheckpointRow, NO_OUTPUT, type SensingOutput, type Sensor } from '../sensor.ts';
import type { ContactPoint } from './contact-point.ts';

type State = ContactEvent['state'];

const bodySchema = z.object({
  emitted: z.enum(['open', 'closed']).optional(),
  /** Time of an edge away from `emitted` that has not held long enough yet. */
  edgeAt: z.int().optional(),
  edgeTo: z.enum(['open', 'closed']).optional(),
});

export function createContactSensor(point: ContactPoint): Sensor {
  const counters = { readings: 0, bounces: 0, events: 0, foreignReadings: 0, unreadableRows: 0 };
  const foreign = countForeign(counters);
  const stateKey = `${point.id}/state`;
  let emitted: State | undefined;
  /** `since` is when it came in: the debounce runs on the gateway's time, the event carries the edge's. */
  let edge: { to: State; at: number; since: number } | undefined;
  let lastReadingAt: number | undefined;

  const row = (): CheckpointRow => ({
    key: stateKey,
    body: JSON.stringify({
      emitted,
      ...(edge === undefined ? {} : { edgeAt: edge.at, edgeTo: edge.to }),
    }),
  });
  const settle = (now: number): ContactEvent | undefined => {
    if (edge === undefined) return undefined;
    // The wall clock stepped back: debounce from the new time rather than wait for the old one.
    if (now < edge.since) edge.since = now;
    if (now - edge.since < point.debounceMs) return undefined;
    const event: ContactEvent = {
      type: 'contact',
      readPoint: point.id,
      device: point.device,
      occurredAt: edge.at,
      state: edge.to,
    };
    emitted = edge.to;
    edge = undefined;
    counters.events++;
    return event;
  };

  const onInput = (reading: Input, now: number): SensingOutput => {
    if (reading.device !== point.device || reading.channel !== point.channel) return foreign();
    counters.readings++;
    lastReadingAt = reading.at;
    const events: ContactEvent[] = [];
    const due = settle(now);
    if (due !== undefined) events.push(due);
    const state: State = reading.active ? 'open' : 'closed';
    const expected = edge?.to ?? emitted;
    let changed = due !== undefined;
    if (state !== expected) {
      if (edge !== undefined) counters.bounces++;
      edge = state === emitted ? undefined : { to: state, at: reading.at, since: now };
      changed = true;
      // Nothing to compare the very first state with: it is emitted without waiting.
      if (edge !== undefined && emitted === undefined) edge.since = now - point.debounceMs;
      const at = settle(now);
      if (at !== undefined) events.push(at);
    }
    return changed ? { events, put: [row()], drop: [] } : NO_OUTPUT;
  };

  return {
    readPoint: point.id,
    onReading: handleReadings({ input: onInput, tag: foreign, weight: foreign, condition: foreign }),
    onTick(now) {
      const event = settle(now);
      return event === undefined ? NO_OUTPUT : { events: [event], put: [row()], drop: [] };
    },
    nextTickAt: () => (edge === undefined ? undefined : edge.since + point.debounceMs),
    restore(rows, now) {
      for (const { key, body } of rows) {
        if (key !== stateKey) continue;
        const saved = readBody(bodySchema, body);
        if (saved === undefined) {
          counters.unreadableRows++;
          continue;
        }
        emitted = saved.emitted;
        if (saved.edgeAt !== undefined && saved.edgeTo !== undefined) {
          edge = { to: saved.edgeTo, at: saved.edgeAt, since: Math.min(saved.edgeAt, now) };
        }
      }
      const event = settle(now);
      return event === undefined ? NO_OUTPUT : { events: [event], put: [row()], drop: [] };
    },
    status: () => ({
      readPoint: point.id,
      kind: 'contact',
      state: emitted ?? 'unknown',
      ...(lastReadingAt === undefined ? {} : { lastReadingAt }),
      counters: { ...counters },
    }),
  };
}
