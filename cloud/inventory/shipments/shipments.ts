/**
 * Expected shipments in the database: loading a list (all or nothing; a known id is replaced) and closing one.
 * Both bring matches and exceptions in line at once: goods may have come before their paper.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { ShipmentsInput } from '../../contract/shipments.ts';
import type { Change } from '../../ledger/change.ts';
import type { DecisionBy, RefusalReason } from '../../ledger/decision.ts';
import { lockDerivedState } from '../../ledger/locks.ts';
import type {
  ShipmentLinesTable,
  ShipmentsTable,
  ShipmentTagsTable,
  TagMasterTable,
} from '../../store/tables/shipments.ts';
import type { Tables } from '../../store/tables.ts';
import { type ColumnKinds, columnList, unnest } from '../../store/unnest.ts';
import { judgeDueShipments, judgeShipments, reconcileShipments } from './reconcile.ts';
import { parseShipmentCsv } from './shipment-csv.ts';
import { type ListProblem, type ParsedList, parseShipmentList, type ShipmentList } from './shipment-list.ts';

type Loaded =
  | { ok: true; ids: string[]; changes: Change[] }
  | { ok: false; detail: string; problems: readonly ListProblem[] };

/** Problems listed in one text; all of them are in `problems`. */
const MAX_PROBLEMS_LISTED = 10;

function parseShipments(input: ShipmentsInput): ParsedList {
  switch (input.form) {
    case 'csv':
      return parseShipmentCsv(input.text);
    case 'json':
      return parseShipmentList(input.value);
  }
}

export async function loadShipments(db: Kysely<Tables>, input: ShipmentsInput, now: number): Promise<Loaded> {
  const parsed = parseShipments(input);
  if (!parsed.ok) {
    const listed = parsed.problems
      .slice(0, MAX_PROBLEMS_LISTED)
      .map(({ place, message }) => `${place}: ${message}`);
    const more = parsed.problems.length - listed.length;
    const detail = [...listed, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
    return { ok: false, detail, problems: parsed.problems };
  }
  const ids = parsed.list.shipments.map((shipment) => shipment.id);
  const changes = await db.transaction().execute((trx) => putShipments(trx, parsed.list, now));
  return { ok: true, ids, changes };
}

const SHIPMENT: ColumnKinds<ShipmentRow> = {
  id: 'text',
  kind: 'text',
  reference: 'text',
  partner: 'text',
  read_point: 'text',
  expected_from: 'bigint',
  expected_to: 'bigint',
  loaded_at: 'bigint',
};
type ShipmentRow = Omit<ShipmentsTable, 'partner'> & { partner: string };

const LINE: ColumnKinds<ShipmentLinesTable> = {
  shipment: 'text',
  line: 'integer',
  gtin: 'text',
  sscc: 'text',
  lot: 'text',
  expiry: 'text',
  quantity: 'integer',
};
const TAG: ColumnKinds<ShipmentTagsTable> = { shipment: 'text', epc: 'text', line: 'integer' };
const MASTER: ColumnKinds<TagMasterTable> = { epc: 'text', lot: 'text', expiry: 'text', shipment: 'text' };
const ITEM = { gtin: 'text', name: 'text', sku: 'text' } as const;

async function putShipments(trx: Transaction<Tables>, list: ShipmentList, now: number): Promise<Change[]> {
  await lockDerivedState(trx);
  const { shipments } = list;
  const ids = shipments.map((shipment) => shipment.id);
  const lines = shipments.flatMap(({ id, lines: own }) => own.map((line) => ({ ...line, shipment: id })));
  const tags = lines.flatMap(({ shipment, line, epcs }) => epcs.map((epc) => ({ shipment, epc, line })));
  // What competed with the old version of these shipments may now win their tags.
  const before = await reconcileScope(trx, ids);
  await sql`
    insert into shipments (${columnList(SHIPMENT)})
    select * from ${unnest(
      't',
      SHIPMENT,
      shipments.map(
        (shipment): ShipmentRow => ({
          id: shipment.id,
          kind: shipment.kind,
          reference: shipment.reference,
          partner: shipment.partner,
          read_point: shipment.readPoint,
          expected_from: shipment.expectedFrom,
          expected_to: shipment.expectedTo,
          loaded_at: now,
        }),
      ),
    )}
    on conflict (id) do update set kind = excluded.kind, reference = excluded.reference,
      partner = excluded.partner, read_point = excluded.read_point, expected_from = excluded.expected_from,
      expected_to = excluded.expected_to, loaded_at = excluded.loaded_at
  `.execute(trx);
  await trx.deleteFrom('shipment_tags').where('shipment', 'in', ids).execute();
  await trx.deleteFrom('shipment_lines').where('shipment', 'in', ids).execute();
  await sql`insert into shipment_lines (${columnList(LINE)}) select * from ${unnest('t', LINE, lines)}`.execute(
    trx,
  );
  await sql`insert into shipment_tags (${columnList(TAG)}) select * from ${unnest('t', TAG, tags)}`.execute(
    trx,
  );
  await putMasterData(trx, list);
  return reconcileShipments(trx, [...new Set([...ids, ...before])], now);
}

async function putMasterData(trx: Transaction<Tables>, list: ShipmentList): Promise<void> {
  const masters = new Map<string, TagMasterTable>();
  for (const { id, lines } of list.shipments) {
    for (const { lot, expiry, epcs } of lines) {
      for (const epc of epcs) masters.set(epc, { epc, lot, expiry, shipment: id });
    }
  }
  await sql`
    insert into tag_master as old (${columnList(MASTER)}) select * from ${unnest('t', MASTER, [...masters.values()])}
    on conflict (epc) do update set lot = coalesce(excluded.lot, old.lot),
      expiry = coalesce(excluded.expiry, old.expiry), shipment = excluded.shipment
  `.execute(trx);
  await sql`
    insert into items as old (gtin, name, sku) select * from ${unnest('t', ITEM, list.items)}
    on conflict (gtin) do update set name = excluded.name, sku = coalesce(excluded.sku, old.sku)
  `.execute(trx);
}

/** Shipments that share a tag or a crossing with these, as matched so far. */
async function reconcileScope(trx: Transaction<Tables>, ids: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select distinct o.shipment as id from shipment_matches m join shipment_matches o on o.pass_id = m.pass_id
    where m.shipment = any(${ids}::text[])
  `.execute(trx);
  return rows.map((row) => row.id);
}

type Closing =
  | { ok: true; changes: Change[] }
  | { ok: false; reason: RefusalReason & ('not-found' | 'decided-already') };

/** "What is missing now stays missing." Recorded as a decision; late events still count and may complete it. */
export async function closeShipment(
  db: Kysely<Tables>,
  id: string,
  decision: DecisionBy,
  now: number,
): Promise<Closing> {
  return db.transaction().execute(async (trx): Promise<Closing> => {
    await lockDerivedState(trx);
    const shipment = await trx.selectFrom('shipments').select('id').where('id', '=', id).executeTakeFirst();
    if (shipment === undefined) return { ok: false, reason: 'not-found' };
    const closed = await trx
      .selectFrom('decisions')
      .select('id')
      .where('subject_kind', '=', 'shipment')
      .where('subject_id', '=', id)
      .where('action', '=', 'close')
      .executeTakeFirst();
    if (closed !== undefined) return { ok: false, reason: 'decided-already' };
    await trx
      .insertInto('decisions')
      .values({ subject_kind: 'shipment', subject_id: id, action: 'close', ...decision, decided_at: now })
      .execute();
    const at = new Date(now).toISOString();
    return { ok: true, changes: [{ topic: 'shipment', at, id }, ...(await judgeShipments(trx, [id], now))] };
  });
}

/** For a timer: judges the shipments whose window ended after `since`. */
export async function sweepShipments(
  db: Kysely<Tables>,
  window: { readonly since: number; readonly now: number },
): Promise<Change[]> {
  return db.transaction().execute(async (trx) => {
    await lockDerivedState(trx);
    return judgeDueShipments(trx, window);
  });
}
