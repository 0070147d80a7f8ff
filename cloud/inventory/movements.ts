/**
 * A pass event → the movement of each of its tags. PURE. Every movement has a from and a to; outside the walls
 * stand the virtual locations. A door that does not know the direction, or that the site does not know, puts the
 * goods into the location `unknown`: a visible suspense account, never a guess. Dispositions are CBV 2.0 words.
 */
import type { Direction, PassEvent, TagSighting } from '../../protocol/events/stock-event.ts';
import type { Door, Places } from '../site/places.ts';
import type { MovementsTable } from '../store/tables/projections.ts';

/** A movement with when its tag was first and last seen in the pass. */
export interface TagMovement extends MovementsTable {
  first_seen_at: number;
  last_seen_at: number;
}

interface PassCourse {
  readonly direction: Direction;
  readonly moved: boolean;
  readonly from: string | null;
  readonly to: string | null;
  readonly disposition: string;
}

const SUSPENSE = 'unknown';

/** What kind of partner a pass is with, where its type says so. */
const PARTNERS: Readonly<
  Record<PassEvent['type'], { readonly from: 'supplier' | null; readonly to: 'customer' | null }>
> = {
  receipt: { from: 'supplier', to: null },
  dispatch: { from: null, to: 'customer' },
  passage: { from: null, to: null },
};

/** What a pass means for where the goods are. */
export function courseOf(event: PassEvent, door: Door | undefined): PassCourse {
  const direction = judgedDirection(event);
  switch (direction) {
    case 'TURNED_BACK':
      return { direction, moved: false, from: null, to: null, disposition: 'unknown' };
    case 'UNKNOWN':
      return suspended(event, direction);
    case 'IN':
      return door === undefined ? suspended(event, direction) : inward(event, door);
    case 'OUT':
      return door === undefined ? suspended(event, direction) : outward(event, door);
  }
}

function suspended(event: PassEvent, direction: Direction): PassCourse {
  const { from } = PARTNERS[event.type];
  return { direction, moved: true, from, to: SUSPENSE, disposition: 'unknown' };
}

function inward(event: PassEvent, door: Door): PassCourse {
  const from = PARTNERS[event.type].from ?? door.outside ?? 'supplier';
  return { direction: 'IN', moved: true, from, to: door.inside, disposition: 'available' };
}

function outward(event: PassEvent, door: Door): PassCourse {
  const to = PARTNERS[event.type].to ?? door.outside ?? 'customer';
  const disposition = to === 'customer' ? 'in_transit' : 'available';
  return { direction: 'OUT', moved: true, from: door.inside, to, disposition };
}

/** A receipt that does not come in, or a dispatch that does not go out, contradicts itself: direction unknown. */
function judgedDirection(event: PassEvent): Direction {
  const { type, direction } = event;
  if (direction === 'TURNED_BACK') return direction;
  switch (type) {
    case 'receipt':
      return direction === 'IN' ? 'IN' : 'UNKNOWN';
    case 'dispatch':
      return direction === 'OUT' ? 'OUT' : 'UNKNOWN';
    case 'passage':
      return direction;
  }
}

/** One movement per tag of the pass; the same tag listed twice is one. */
export function movementsOf(event: PassEvent, key: string, places: Places): TagMovement[] {
  const course = courseOf(event, places.doors.get(event.readPoint));
  const byEpc = new Map<string, TagMovement>();
  for (const tag of event.tags) {
    const known = byEpc.get(tag.epc);
    if (known === undefined) byEpc.set(tag.epc, movementOf(event, key, course, tag));
    else addSighting(known, tag);
  }
  return [...byEpc.values()];
}

function movementOf(event: PassEvent, key: string, course: PassCourse, tag: TagSighting): TagMovement {
  return {
    epc: tag.epc,
    occurred_at: event.occurredAt,
    occurred_key: key,
    event_type: event.type,
    read_point: event.readPoint,
    pass_id: event.passId,
    direction: course.direction,
    from_location: course.from,
    to_location: course.to,
    moved: course.moved,
    disposition: course.disposition,
    read_count: tag.readCount,
    peak_rssi_dbm: tag.peakRssiDbm ?? null,
    first_seen_at: tag.firstSeenAt,
    last_seen_at: tag.lastSeenAt,
  };
}

function addSighting(movement: TagMovement, tag: TagSighting): void {
  movement.read_count = Math.min(movement.read_count + tag.readCount, Number.MAX_SAFE_INTEGER);
  movement.first_seen_at = Math.min(movement.first_seen_at, tag.firstSeenAt);
  movement.last_seen_at = Math.max(movement.last_seen_at, tag.lastSeenAt);
  const peaks = [movement.peak_rssi_dbm, tag.peakRssiDbm].filter((peak) => typeof peak === 'number');
  movement.peak_rssi_dbm = peaks.length === 0 ? null : Math.max(...peaks);
}
