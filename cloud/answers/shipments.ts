/** Expected shipments with what came or went so far, line by line. */
import { type Kysely, sql } from 'kysely';
import type { Shipment } from '../contract/shipments.ts';
import { shipmentCounts } from '../inventory/shipments/shipment-counts.ts';
import { statusOf } from '../inventory/shipments/shipment-standing.ts';
import type { Site } from '../site/site.ts';
import type { ShipmentLinesTable } from '../store/tables/shipments.ts';
import type { Tables } from '../store/tables.ts';
import { isoTime } from './iso-time.ts';
import { type ItemNames, itemNames } from './item-names.ts';

/** The latest ones; older are found by their id. */
const MAX_LISTED_SHIPMENTS = 500;

export async function listShipments(db: Kysely<Tables>, site: Site, now: number): Promise<Shipment[]> {
  const latest = await db
    .selectFrom('shipments')
    .select('id')
    .orderBy('expected_from', 'desc')
    .orderBy('id')
    .limit(MAX_LISTED_SHIPMENTS)
    .execute();
  return shipmentsOf(
    db,
    site,
    latest.map((row) => row.id),
    now,
  );
}

export async function findShipment(
  db: Kysely<Tables>,
  site: Site,
  id: string,
  now: number,
): Promise<Shipment | undefined> {
  return (await shipmentsOf(db, site, [id], now))[0];
}

interface UnexpectedRow {
  shipment: string;
  epc: string;
  gtin: string | null;
}

async function shipmentsOf(
  db: Kysely<Tables>,
  site: Site,
  ids: readonly string[],
  now: number,
): Promise<Shipment[]> {
  if (ids.length === 0) return [];
  const shipments = await db.selectFrom('shipments').selectAll().where('id', 'in', ids).execute();
  const lines = await db.selectFrom('shipment_lines').selectAll().where('shipment', 'in', ids).execute();
  const { rows: unexpected } = await sql<UnexpectedRow>`
    select m.shipment, m.epc, o.gtin from shipment_matches m join objects o on o.epc = m.epc
    where m.line is null and m.shipment = any(${ids}::text[]) order by m.occurred_at, m.epc
  `.execute(db);
  const counts = new Map((await shipmentCounts(db, ids)).map((row) => [row.id, row]));
  const byId = new Map(shipments.map((row) => [row.id, row]));
  const linesOf = Map.groupBy(lines, (line) => line.shipment);
  const extrasOf = Map.groupBy(unexpected, (row) => row.shipment);
  const gtins = [...lines, ...unexpected].map((row) => row.gtin);
  const nameOf = await itemNames(db, site, gtins);
  return ids.flatMap((id): Shipment[] => {
    const row = byId.get(id);
    const counted = counts.get(id);
    if (row === undefined || counted === undefined) return [];
    const actualOf = new Map(counted.lines.map((line) => [line.line, line.actual]));
    const own = (linesOf.get(id) ?? [])
      .toSorted((a, b) => a.line - b.line)
      .map((line) => lineOf(line, actualOf.get(line.line) ?? 0, nameOf));
    const extras = extrasOf.get(id) ?? [];
    return [
      {
        id,
        kind: row.kind,
        reference: row.reference,
        partner: row.partner,
        readPoint: row.read_point,
        expectedFrom: isoTime(row.expected_from),
        expectedTo: isoTime(row.expected_to),
        status: statusOf(counted, now),
        closed: counted.closedAt !== null,
        expected: sum(own.map((line) => line.expected)),
        actual: sum(own.map((line) => line.actual)),
        lines: own,
        unexpected: extras.map(({ epc, gtin }) => ({ epc, gtin, itemName: nameOf(gtin) })),
      },
    ];
  });
}

function lineOf(line: ShipmentLinesTable, actual: number, nameOf: ItemNames): Shipment['lines'][number] {
  const { gtin, sscc, lot, quantity } = line;
  return {
    line: line.line,
    gtin,
    itemName: nameOf(gtin),
    sscc,
    lot,
    expected: quantity,
    actual,
    difference: actual - quantity,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
