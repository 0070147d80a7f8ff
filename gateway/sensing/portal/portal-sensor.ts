/**
 * A portal: tag reads and light beams → one receipt, dispatch or passage per pass (reference: EPCIS read points;
 * session gating, stray filter and direction as in the portal literature).
 *
 * - A session opens with a broken beam or, in first-sight mode (or while a beam is blocked), with the first read
 *   that is strong enough and not of a tag at rest. It ends when for `quietMs` there was no such read and no broken
 *   beam, or after `maxMs`; what still goes on then is split: a new session, in which tags already reported and
 *   still seen are not reported again.
 * - Weak reads and tags at rest neither open a session nor hold one open. They are counted.
 * - Sights count in their own time; quiet and length run on the gateway's clock, which may step.
 * - Repeated reads touch numbers only: no allocation, no checkpoint.
 *
 * How a portal is built, from the readings down (README.md beside this folder says how the rooms go together):
 *   transitions  tag-read.ts, beam-input.ts, due.ts (time alone), passes.ts (open, close, split), restore.ts
 *   state        state.ts holds session.ts and the tags (portal-tag.ts); tracks, beams, power are ../signal
 *   verdicts     finish.ts ← stray.ts (who did not pass), direction.ts (which way)
 *   effects      output.ts ← pass-event.ts, beam-event.ts, checkpoints.ts ← snapshot.ts
 */
import type { Input, TagRead } from '../../../protocol/readings/reading.ts';
import { countForeign, handleReadings } from '../reading-handlers.ts';
import type { SensingOutput, Sensor } from '../sensor.ts';
import { sideOfEye, takeBeamInput } from './beam-input.ts';
import { nextDueAt, runDue } from './due.ts';
import type { PortalPoint } from './portal-point.ts';
import { restorePortal } from './restore.ts';
import { createPortal } from './state.ts';
import { takeTagRead } from './tag-read.ts';

export function createPortalSensor(point: PortalPoint): Sensor {
  const portal = createPortal(point);
  const { counters, eyes, memory, output, rows } = portal;
  const antennaOf = antennaIndex(point);
  const foreign = countForeign(counters);

  const onTag = (reading: TagRead, now: number): SensingOutput => {
    const antenna = antennaOf.get(reading.device)?.get(reading.channel);
    if (antenna === undefined) return foreign();
    runDue(portal, now);
    portal.lastReadingAt = reading.at;
    takeTagRead(portal, reading, antenna, now);
    return output.take();
  };
  const onInput = (reading: Input, now: number): SensingOutput => {
    const side = sideOfEye(point, reading);
    if (side === undefined || eyes === undefined) return foreign();
    runDue(portal, now);
    portal.lastReadingAt = reading.at;
    takeBeamInput(portal, eyes, reading, side, now);
    return output.take();
  };

  return {
    readPoint: point.id,
    onReading: handleReadings({ tag: onTag, input: onInput, weight: foreign, condition: foreign }),
    onTick(now) {
      runDue(portal, now);
      return output.take();
    },
    nextTickAt: () => nextDueAt(portal),
    restore(saved, now) {
      portal.lastNow = now;
      const found = rows.read(saved);
      counters.unreadableRows += found.unreadable;
      restorePortal(portal, found, now);
      return output.take();
    },
    status: () => ({
      readPoint: point.id,
      kind: 'portal',
      state: portal.session === undefined ? 'idle' : `pass under way, ${portal.session.tags.length} tags`,
      ...(portal.lastReadingAt === undefined ? {} : { lastReadingAt: portal.lastReadingAt }),
      counters: { ...counters, trackedTags: memory.size, parkedTags: memory.parkedCount },
    }),
  };
}

/** By device and channel: the antenna's index in the configuration. */
function antennaIndex(point: PortalPoint): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const index = new Map<string, Map<string, number>>();
  for (const [position, { device, antenna }] of point.antennas.entries()) {
    const channels = index.get(device) ?? new Map<string, number>();
    index.set(device, channels.set(antenna, position));
  }
  return index;
}
