/**
 * Keeps shipment_matches and the exceptions of shipments equal to what match.ts says about the ledger. Touched
 * shipments are recomputed together with all that compete with them for the same tags (a closure, usually the
 * shipments of one door in one morning), so that the rows are a function of the ledger, not of its history. The
 * caller holds the lock of derived state.
 */
import { sql, type Transaction } from 'kysely';
import { raiseExceptions, withdrawExceptions } from '../../exceptions/raise.ts';
import type { Change } from '../../ledger/change.ts';
import type { MovementsTable } from '../../store/tables/projections.ts';
import type { ShipmentMatchesTable } from '../../store/tables/shipments.ts';
import type { Tables } from '../../store/tables.ts';
import { type ColumnKinds, columnList, unnest } from '../../store/unnest.ts';
import {
  type DoorCrossing,
  type ExpectedLine,
  type ExpectedShipment,
  IDENTITY_EARLY_MS,
  IDENTITY_LATE_MS,
  type Match,
  matchShipments,
  type ShipmentKind,
} from './match.ts';
import { shipmentCounts } from './shipment-counts.ts';
import { shipmentExceptionIds, shipmentExceptions } from './shipment-standing.ts';

/** Recomputes the shipments that new movements may concern. */
export async function reconcileTouched(
  trx: Transaction<Tables>,
  movements: readonly MovementsTable[],
  now: number,
): Promise<Change[]> {
  const crossed = movements.flatMap((movement) => {
    const kind = kindOf(movement);
    const { epc, read_point: readPoint, occurred_at: occurredAt } = movement;
    return kind === undefined ? [] : [{ kind, epc, readPoint, occurredAt }];
  });
  if (crossed.length === 0) return [];
  return reconcileShipments(trx, await shipmentsTouchedBy(trx, crossed), now);
}

/** Recomputes these shipments and those that compete with them. */
export async function reconcileShipments(
  trx: Transaction<Tables>,
  ids: readonly string[],
  now: number,
): Promise<Change[]> {
  if (ids.length === 0) return [];
  let shipments = new Set(ids);
  let crossings: DoorCrossing[] = [];
  for (let size = 0; size !== shipments.size; ) {
    size = shipments.size;
    crossings = await crossingsConcerning(trx, [...shipments]);
    shipments = new Set([...shipments, ...(await shipmentsTouchedBy(trx, crossings))]);
  }
  const all = [...shipments].sort();
  const matches = matchShipments(await loadExpected(trx, all), crossings);
  const changed = await writeMatches(trx, all, matches);
  const exceptions = await judgeShipments(trx, all, now);
  const at = new Date(now).toISOString();
  return [...changed.map((id): Change => ({ topic: 'shipment', at, id })), ...exceptions];
}

/** Raises and withdraws what the counts of these shipments say at `now`. */
export async function judgeShipments(
  trx: Transaction<Tables>,
  ids: readonly string[],
  now: number,
): Promise<Change[]> {
  const counts = await shipmentCounts(trx, ids);
  const standing = counts.flatMap((shipment) => shipmentExceptions(shipment, now));
  const raised = await raiseExceptions(trx, standing, now);
  const standingIds = new Set(standing.map((row) => row.id));
  const gone = ids.flatMap(shipmentExceptionIds).filter((id) => !standingIds.has(id));
  return [...raised, ...(await withdrawExceptions(trx, gone, now))];
}

/** Judges the shipments whose window ended after `since` and up to `now`: for a timer, since no event says so. */
export async function judgeDueShipments(
  trx: Transaction<Tables>,
  window: { since: number; now: number },
): Promise<Change[]> {
  const due = await trx
    .selectFrom('shipments')
    .select('id')
    .where('expected_to', '>', window.since)
    .where('expected_to', '<', window.now)
    .orderBy('id')
    .execute();
  return judgeShipments(
    trx,
    due.map((row) => row.id),
    window.now,
  );
}

function kindOf(movement: MovementsTable): ShipmentKind | undefined {
  if (movement.event_type === 'receipt' && movement.direction === 'IN') return 'inbound';
  if (movement.event_type === 'dispatch' && movement.direction === 'OUT') return 'outbound';
  return undefined;
}

const CROSSING = sql`
  case when m.event_type = 'receipt' then 'inbound' else 'outbound' end as kind, m.epc,
  m.occurred_at as "occurredAt", m.occurred_key as "occurredKey", m.read_point as "readPoint",
  m.pass_id as "passId", o.gtin, o.sscc, t.lot`;

const CROSSED = sql`((m.event_type = 'receipt' and m.direction = 'IN')
  or (m.event_type = 'dispatch' and m.direction = 'OUT'))`;

/** All crossings that the match of these shipments looks at. */
async function crossingsConcerning(
  trx: Transaction<Tables>,
  ids: readonly string[],
): Promise<DoorCrossing[]> {
  const early = sql`s.expected_from - ${IDENTITY_EARLY_MS}::bigint`;
  const late = sql`s.expected_to + ${IDENTITY_LATE_MS}::bigint`;
  const { rows } = await sql<DoorCrossing>`
    with s as (select id, kind, read_point, expected_from, expected_to from shipments
               where id = any(${ids}::text[])),
    keys as (
      select m.epc, m.occurred_at, m.occurred_key from s join movements m
        on m.read_point = s.read_point and m.occurred_at between s.expected_from and s.expected_to
      union
      select m.epc, m.occurred_at, m.occurred_key from s join shipment_tags l on l.shipment = s.id join movements m
        on m.epc = l.epc and m.occurred_at between ${early} and ${late}
      union
      select m.epc, m.occurred_at, m.occurred_key from s join shipment_lines l on l.shipment = s.id
        join objects p on p.sscc = l.sscc join movements m
        on m.epc = p.epc and m.occurred_at between ${early} and ${late}
    )
    select ${CROSSING} from keys join movements m using (epc, occurred_at, occurred_key)
    join objects o using (epc) left join tag_master t using (epc) where ${CROSSED}
  `.execute(trx);
  return rows;
}

type Claimable = Pick<DoorCrossing, 'kind' | 'epc' | 'readPoint' | 'occurredAt'>;

const CLAIMABLE: ColumnKinds<Claimable> = {
  kind: 'text',
  epc: 'text',
  readPoint: 'text',
  occurredAt: 'bigint',
};

/** All shipments that may claim one of these crossings: by place and time, by its EPC, by its SSCC. */
async function shipmentsTouchedBy(
  trx: Transaction<Tables>,
  crossings: readonly Claimable[],
): Promise<string[]> {
  if (crossings.length === 0) return [];
  const inTime = sql`s.kind = c.kind and c."occurredAt" between s.expected_from - ${IDENTITY_EARLY_MS}::bigint
    and s.expected_to + ${IDENTITY_LATE_MS}::bigint`;
  const { rows } = await sql<{ id: string }>`
    with c as materialized (select * from ${unnest('u', CLAIMABLE, crossings)})
    select s.id from (select distinct kind, "readPoint", "occurredAt" from c) d join shipments s
      on s.kind = d.kind and s.read_point = d."readPoint"
      and s.expected_from <= d."occurredAt" and s.expected_to >= d."occurredAt"
    union
    select s.id from c join shipment_tags l on l.epc = c.epc join shipments s on s.id = l.shipment and ${inTime}
    union
    select s.id from c join objects o on o.epc = c.epc and o.sscc is not null
      join shipment_lines l on l.sscc = o.sscc join shipments s on s.id = l.shipment and ${inTime}
  `.execute(trx);
  return rows.map((row) => row.id);
}

async function loadExpected(trx: Transaction<Tables>, ids: readonly string[]): Promise<ExpectedShipment[]> {
  const shipments = await trx.selectFrom('shipments').selectAll().where('id', 'in', ids).execute();
  const lines = await trx.selectFrom('shipment_lines').selectAll().where('shipment', 'in', ids).execute();
  const tags = await trx.selectFrom('shipment_tags').selectAll().where('shipment', 'in', ids).execute();
  const epcs = Map.groupBy(tags, (tag) => `${tag.shipment}\n${tag.line}`);
  const byShipment = Map.groupBy(lines, (line) => line.shipment);
  return shipments.map((shipment) => ({
    id: shipment.id,
    kind: shipment.kind,
    readPoint: shipment.read_point,
    from: shipment.expected_from,
    to: shipment.expected_to,
    lines: (byShipment.get(shipment.id) ?? []).map((line): ExpectedLine => {
      const { gtin, sscc, lot, quantity } = line;
      const listed = epcs.get(`${shipment.id}\n${line.line}`) ?? [];
      return { line: line.line, gtin, sscc, lot, quantity, epcs: listed.map((tag) => tag.epc) };
    }),
  }));
}

const MATCH: ColumnKinds<ShipmentMatchesTable> = {
  shipment: 'text',
  epc: 'text',
  occurred_at: 'bigint',
  occurred_key: 'text',
  pass_id: 'text',
  line: 'integer',
  counted: 'boolean',
};

/** Writes the difference; returns the shipments that have one. */
async function writeMatches(
  trx: Transaction<Tables>,
  ids: readonly string[],
  matches: readonly Match[],
): Promise<string[]> {
  const rows = matches
    .map(
      ({ shipment, line, counted, crossing }): ShipmentMatchesTable => ({
        shipment,
        epc: crossing.epc,
        occurred_at: crossing.occurredAt,
        occurred_key: crossing.occurredKey,
        pass_id: crossing.passId,
        line,
        counted,
      }),
    )
    .sort((a, b) => (rowName(a) < rowName(b) ? -1 : 1));
  const standing = await trx
    .selectFrom('shipment_matches')
    .selectAll()
    .where('shipment', 'in', ids)
    .execute();
  const wanted = new Set(rows.map(rowText));
  const present = new Set(standing.map(rowText));
  const gone = standing.filter((row) => !wanted.has(rowText(row)));
  const added = rows.filter((row) => !present.has(rowText(row)));
  if (gone.length > 0) {
    const kinds = { shipment: 'text', epc: 'text' } as const;
    await sql`
      delete from shipment_matches m using ${unnest<Pick<ShipmentMatchesTable, 'shipment' | 'epc'>>('g', kinds, gone)}
      where m.shipment = g.shipment and m.epc = g.epc
    `.execute(trx);
  }
  if (added.length > 0) {
    await sql`
      insert into shipment_matches (${columnList(MATCH)}) select * from ${unnest('t', MATCH, added)}
    `.execute(trx);
  }
  return [...new Set([...gone, ...added].map((row) => row.shipment))].sort();
}

function rowName(row: ShipmentMatchesTable): string {
  return `${row.shipment}\n${row.epc}`;
}

function rowText(row: ShipmentMatchesTable): string {
  return `${rowName(row)}\n${row.occurred_key}\n${row.line}\n${row.counted}`;
}
