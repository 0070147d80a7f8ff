/**
 * Movements of tags → what each object is and where it stands. PURE. The latest movement that moved decides;
 * first and last sight take the extremes. Folding a part and merging gives the same as folding all.
 */
import type { DecodedEpc, TagDate } from '../../protocol/epc/epc.ts';
import { isLater } from '../ledger/ledger-event.ts';
import type { ObjectsTable } from '../store/tables/projections.ts';
import type { TagMovement } from './movements.ts';

export type DecodeEpc = (hex: string) => DecodedEpc;

/** The date kinds after which goods must not be sold. */
const EXPIRY_KINDS: readonly TagDate['kind'][] = ['expiry', 'bestBefore', 'sellBy'];

/** One row per object, by EPC: the order in which rows are locked. */
export function objectsOf(movements: readonly TagMovement[], decode: DecodeEpc): ObjectsTable[] {
  const byEpc = new Map<string, ObjectsTable>();
  for (const movement of movements) {
    const known = byEpc.get(movement.epc);
    const object = known ?? newObject(movement, decode);
    if (known === undefined) byEpc.set(movement.epc, object);
    object.first_seen_at = Math.min(object.first_seen_at, movement.first_seen_at);
    object.last_seen_at = Math.max(object.last_seen_at, movement.last_seen_at);
    if (movement.moved && decides(movement, object)) {
      object.location = movement.to_location;
      object.disposition = movement.disposition;
      object.moved_at = movement.occurred_at;
      object.moved_key = movement.occurred_key;
    }
  }
  return [...byEpc.values()].sort((a, b) => (a.epc < b.epc ? -1 : 1));
}

function decides(movement: TagMovement, object: ObjectsTable): boolean {
  const { moved_at: at, moved_key: key } = object;
  return at === null || key === null || isLater(movement.occurred_at, movement.occurred_key, at, key);
}

function newObject(movement: TagMovement, decode: DecodeEpc): ObjectsTable {
  const decoded = decode(movement.epc);
  const key = decoded.scheme === 'raw' ? undefined : decoded;
  const date = key?.date;
  return {
    epc: movement.epc,
    scheme: decoded.scheme,
    uri: key?.uri ?? null,
    gtin: key?.gtin ?? null,
    serial: key?.serial ?? null,
    sscc: key?.sscc ?? null,
    tag_expiry: date !== undefined && EXPIRY_KINDS.includes(date.kind) ? date.iso : null,
    location: null,
    disposition: 'unknown',
    moved_at: null,
    moved_key: null,
    first_seen_at: movement.first_seen_at,
    last_seen_at: movement.last_seen_at,
  };
}
