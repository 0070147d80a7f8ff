/**
 * For tests: the history of a gateway whose wall clock lies, with the truth beside it. Boots come one after the
 * other; the wall clock of each starts anywhere, is stepped, put right by the system, or left wrong while the cloud
 * knows the time. Every event exists twice: as the gateway wrote it, and as a gateway with a perfect clock had.
 */
import * as fc from 'fast-check';
import { laneOf } from '../../protocol/events/event-kinds.ts';
import type { Lane } from '../../protocol/events/lanes.ts';
import type { EventRecord } from '../../protocol/events/record.ts';
import type { ClockEvent, StockEvent } from '../../protocol/events/stock-event.ts';
import type { Batch } from '../../protocol/link/batch.ts';
import { batchOf, EPCS, MINUTE, pass, sample, T0, weighing } from './deliveries.fixture.ts';

const YEAR = 365 * 24 * 3_600_000;

const wallStart = fc.oneof(
  fc.constant<'epoch'>('epoch'),
  fc.constantFrom(-10 * YEAR, 10 * YEAR, -3_600_000, 0),
);

const happening = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('sense' as const), what: fc.nat(3), which: fc.nat(5) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('step' as const),
      byMs: fc.constantFrom(-10 * YEAR, 10 * YEAR, 7000, -7000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('system' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('cloud' as const), errorMs: fc.integer({ min: -900, max: 900 }) }),
  },
);

const boot = fc.record({
  wall: wallStart,
  happenings: fc.array(happening, { maxLength: 8 }),
  /** How it ends its life: with its time known or not. */
  confirmedAtLast: fc.boolean(),
  reportsOffset: fc.boolean(),
  newEpoch: fc.boolean(),
});

export const clockHistories = fc.array(boot, { minLength: 1, maxLength: 4 });
type ClockHistory = typeof clockHistories extends fc.Arbitrary<infer T> ? T : never;

export interface RecordedHappening {
  readonly epoch: string;
  readonly lane: Lane;
  /** As the gateway wrote it. */
  readonly record: EventRecord;
  /** As a perfect clock had had it. */
  readonly truth: EventRecord;
  /** Whether the boot learnt the time at or after the event. */
  readonly confirmed: boolean;
}

interface Options {
  /** Every boot ends with its time known. */
  readonly allConfirmed: boolean;
  /** The cloud's time is as exact as can be. */
  readonly exact: boolean;
}

/** What the gateway recorded of this history, in the order of each lane. */
export function recordHistory(history: ClockHistory, options: Options): RecordedHappening[] {
  const recorded: RecordedHappening[] = [];
  const nextSeq = new Map<string, number>();
  let trueNow = T0;
  let epochNumber = 1;
  for (const [index, { wall, happenings, confirmedAtLast, reportsOffset, newEpoch }] of history.entries()) {
    if (newEpoch && index > 0) epochNumber += 1;
    const epoch = `epoch-000${epochNumber}`;
    const bootId = `boot-${index}`;
    const bornAt = trueNow;
    let wallOffset = wall === 'epoch' ? -trueNow : wall;
    let confirmed = false;
    /** True time less monotonic, as the gateway learnt it. */
    let anchor: number | undefined;
    const own: (Omit<RecordedHappening, 'confirmed'> & { readonly at: number })[] = [];
    const confirmations: number[] = [];
    const keep = (atTrue: (t: number) => StockEvent) => {
      const event = atTrue(trueNow + wallOffset);
      const lane = laneOf(event.type);
      const seq = nextSeq.get(`${epoch}/${lane}`) ?? 1;
      nextSeq.set(`${epoch}/${lane}`, seq + 1);
      const monotonicMs = trueNow - bornAt;
      const recordedAt = trueNow + wallOffset;
      const known = reportsOffset && !confirmed && anchor !== undefined;
      const record: EventRecord = {
        seq,
        event,
        recordedAt,
        bootId,
        monotonicMs,
        clock: confirmed ? 'synced' : 'unsynced',
        ...(known ? { trueOffsetMs: (anchor ?? 0) + monotonicMs - recordedAt } : {}),
      };
      const truth: EventRecord = {
        seq,
        event: atTrue(trueNow),
        recordedAt: trueNow,
        bootId,
        monotonicMs,
        clock: 'synced',
      };
      own.push({ epoch, lane, record, truth, at: trueNow });
    };
    const keepClock = (source: ClockEvent['source'], wallBefore: number, wallAfter: number) => {
      const monotonicMs = trueNow - bornAt;
      if (source !== 'step') confirmations.push(trueNow);
      keep((occurredAt) => ({
        type: 'clock',
        occurredAt,
        bootId,
        monotonicMs,
        wallBefore,
        wallAfter,
        source,
      }));
    };
    const jump = (offset: number) => {
      const before = trueNow + wallOffset;
      if (offset === wallOffset) return;
      wallOffset = offset;
      confirmed = false;
      keepClock('step', before, trueNow + wallOffset);
    };
    keepClock('step', trueNow + wallOffset, trueNow + wallOffset);
    for (const one of [
      ...happenings,
      ...(options.allConfirmed || confirmedAtLast ? [{ do: 'system' as const }] : []),
    ]) {
      trueNow += 3 * MINUTE;
      if (one.do === 'sense') keep((t) => eventAt(t, one.what, one.which));
      else if (one.do === 'step') jump(wallOffset + one.byMs);
      else if (one.do === 'system') {
        jump(0);
        confirmed = true;
        anchor = bornAt;
        keepClock('system', trueNow, trueNow);
      } else {
        const heard = trueNow + (options.exact ? 0 : one.errorMs);
        anchor = heard - (trueNow - bornAt);
        confirmed = Math.abs(heard - trueNow - wallOffset) < 1000;
        keepClock('cloud', trueNow + wallOffset, heard);
      }
    }
    const last = confirmations.at(-1) ?? Number.NEGATIVE_INFINITY;
    recorded.push(...own.map(({ at, ...rest }) => ({ ...rest, confirmed: at <= last })));
    trueNow += 10 * MINUTE;
  }
  return recorded;
}

function eventAt(t: number, what: number, which: number): StockEvent {
  switch (what) {
    case 0:
      return pass('receipt', 'dock-1', t, [EPCS[which] ?? EPCS[0]]);
    case 1:
      return pass('passage', 'cold-door', t, [EPCS[which] ?? EPCS[0]]);
    case 2:
      return sample(t, 4000 + which * 1500);
    default:
      return which % 2 === 0
        ? weighing(t, which * 1000)
        : {
            type: 'device',
            device: 'bus-1',
            occurredAt: t,
            condition: 'SILENT',
            active: which > 2,
            detail: '',
          };
  }
}

/** Lanes cut into batches of `size`, of what the gateway wrote or of the truth. */
export function batchesOf(
  recorded: readonly RecordedHappening[],
  which: 'record' | 'truth',
  size: number,
): Batch[] {
  return [...Map.groupBy(recorded, ({ epoch, lane }) => `${epoch}/${lane}`).values()].flatMap((own) => {
    const batches: Batch[] = [];
    for (let start = 0; start < own.length; start += size) {
      const part = own.slice(start, start + size);
      const [first] = part;
      if (first === undefined) continue;
      const { epoch, lane } = first;
      const firstSeq = first.record.seq;
      const boot = { n: 1, id: `opening-${epoch}`, base: 0 };
      const events = part.map((one) => one[which]);
      batches.push({
        ...batchOf([], { epoch, firstSeq, boot }),
        lane,
        lastSeq: firstSeq + part.length - 1,
        events,
      });
    }
    return batches;
  });
}
