/** Receipts, dispatches and passages: the pass, the movement of each of its tags, and where each object stands. */
import type { PassEvent } from '../../../protocol/events/stock-event.ts';
import { exceptionId } from '../../exceptions/exception-id.ts';
import { courseOf, movementsOf, type TagMovement } from '../../inventory/movements.ts';
import { objectsOf } from '../../inventory/objects.ts';
import type { Change } from '../../ledger/change.ts';
import { isLater, type LedgerEvent } from '../../ledger/ledger-event.ts';
import { appendRows, sortedRows } from '../../store/merge-rows.ts';
import type { PassesTable } from '../../store/tables/projections.ts';
import { addException, addUnknownReadPoint } from '../findings.ts';
import type { FoldContext, Projection } from '../projection.ts';
import { MOVEMENT, mergeObjects, mergePasses } from './write.ts';

interface Rows {
  readonly movements: TagMovement[];
  readonly passes: Map<string, PassesTable>;
}

export const PASS: Projection<PassEvent> = {
  tables: ['movements', 'objects', 'passes'],
  begin(context) {
    const rows: Rows = { movements: [], passes: new Map() };
    return {
      add: (event, entry) => foldPass(rows, event, entry, context),
      async write(trx) {
        await appendRows(trx, 'movements', MOVEMENT, rows.movements);
        await mergeObjects(trx, objectsOf(rows.movements, context.decode));
        await mergePasses(trx, sortedRows(rows.passes));
      },
      changes: (at) => changesOf(rows, at),
    };
  },
};

function foldPass(
  rows: Rows,
  event: PassEvent,
  { key, time }: LedgerEvent,
  { places, findings }: FoldContext,
): void {
  const { readPoint, occurredAt, passId } = event;
  const door = places.doors.get(readPoint);
  const course = courseOf(event, door);
  const movements = movementsOf(event, key, places);
  for (const movement of movements) {
    rows.movements.push(movement);
    findings.movements.push(movement);
  }
  addPassRow(rows.passes, {
    pass_id: passId,
    read_point: readPoint,
    event_type: event.type,
    direction: course.direction,
    direction_source: event.directionSource,
    started_at: event.startedAt,
    occurred_at: occurredAt,
    occurred_key: key,
    tags: movements.length,
    strays_ignored: event.straysIgnored,
    correction_ms: time?.correctionMs ?? null,
    time_quality: time?.quality ?? 'as-recorded',
  });
  if (door === undefined) addUnknownReadPoint(findings, readPoint, occurredAt, 'door');
  else if (course.direction === 'UNKNOWN' && movements.length > 0) {
    addException(findings, {
      id: exceptionId('DIRECTION_UNKNOWN', passId),
      kind: 'DIRECTION_UNKNOWN',
      subject: passId,
      location: door.inside,
      readPoint,
      raisedAt: occurredAt,
      detail: { passId },
    });
  }
}

/** Parts of one pass add up; the latest part speaks for the direction. */
function addPassRow(passes: Map<string, PassesTable>, row: PassesTable): void {
  const known = passes.get(row.pass_id);
  if (known === undefined) {
    passes.set(row.pass_id, row);
    return;
  }
  const later = isLater(row.occurred_at, row.occurred_key, known.occurred_at, known.occurred_key)
    ? row
    : known;
  passes.set(row.pass_id, {
    ...later,
    started_at: Math.min(known.started_at, row.started_at),
    tags: known.tags + row.tags,
    strays_ignored: Math.max(known.strays_ignored, row.strays_ignored),
  });
}

function changesOf({ passes, movements }: Rows, at: string): Change[] {
  const places = new Set<string>();
  for (const { moved, from_location: from, to_location: to } of movements) {
    if (moved && from !== null) places.add(from);
    if (moved && to !== null) places.add(to);
  }
  return [
    ...[...passes.values()].map((row): Change => {
      return { topic: 'pass', at, readPoint: row.read_point, id: row.pass_id };
    }),
    ...[...places].map((location): Change => ({ topic: 'stock', at, location })),
  ];
}
