/** What shipments expect and what has come, per line, in one query. */
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../../store/tables.ts';
import type { LineCount, ShipmentCounts } from './shipment-standing.ts';

interface CountsRow {
  id: string;
  kind: string;
  reference: string;
  readPoint: string;
  expectedTo: number;
  closedAt: number | null;
  lines: LineCount[];
  unexpected: number;
}

export async function shipmentCounts(db: Kysely<Tables>, ids: readonly string[]): Promise<ShipmentCounts[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<CountsRow>`
    with counts as (
      select shipment, line, count(*) filter (where counted) as actual from shipment_matches
      where shipment = any(${ids}::text[]) group by shipment, line
    )
    select s.id, s.kind, s.reference, s.read_point as "readPoint", s.expected_to as "expectedTo",
      (select min(d.decided_at) from decisions d
        where d.subject_kind = 'shipment' and d.subject_id = s.id and d.action = 'close') as "closedAt",
      (select coalesce(jsonb_agg(jsonb_build_object(
          'line', l.line, 'expected', l.quantity, 'actual', coalesce(c.actual, 0)) order by l.line), '[]'::jsonb)
        from shipment_lines l left join counts c on c.shipment = l.shipment and c.line = l.line
        where l.shipment = s.id) as lines,
      (select count(*) from shipment_matches u where u.shipment = s.id and u.line is null) as unexpected
    from shipments s where s.id = any(${ids}::text[]) order by s.id
  `.execute(db);
  return rows;
}
