/**
 * The floor of everything that ends in the ledger: the bytes of the batches are unpacked and their events inserted
 * into one table, `INSERT … unnest`, several batches at a time; nothing is checked, nothing follows.
 */
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { EVENT_KINDS, eventRow } from '../../cloud/ingest/delivery/events.ts';
import type { Delivery } from '../../cloud/intake/intake.ts';
import { openDatabase, type Store } from '../../cloud/store/database.ts';
import { migrate } from '../../cloud/store/migrate.ts';
import type { Tables } from '../../cloud/store/tables.ts';
import { columnList } from '../../cloud/store/unnest.ts';
import type { EventRecord } from '../../protocol/events/record.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import { decodeBatch, encodeBatch } from '../../protocol/link/batch.ts';

const EVENTS_PER_BATCH = 500;
const IN_FLIGHT = 4;
const RECEIVED_AT = Date.UTC(2026, 8, 1, 6);

/** A table like the ledger's events, with its key and without its other indexes. */
export async function createPlainTable({ db }: Store): Promise<void> {
  await sql`create table bare_events (like events including all)`.execute(db);
  await sql`drop index bare_events_occurred_at_idx`.execute(db);
}

/** Events per second. */
export async function insertPlainly({ db }: Store, deliveries: readonly Delivery[]): Promise<number> {
  const queue = [...deliveries];
  let count = 0;
  const begun = performance.now();
  const senders = Array.from({ length: IN_FLIGHT }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const unpacked = decodeBatch(next.payload);
      if (!unpacked.ok) throw new Error(unpacked.reason);
      const { gateway, epoch, lane, events } = unpacked.batch;
      const rows = (events as EventRecord[]).map((record) => {
        return eventRow({
          isKnown: true,
          record,
          name: { epoch, seq: record.seq },
          batch: { gateway, lane },
        });
      });
      count += rows.length;
      await sql`
        insert into bare_events (${columnList(EVENT_KINDS)}, received_at)
        select gateway, epoch, lane, seq, type, read_point, occurred_at, recorded_at, boot_id, monotonic_ms, clock,
          body::jsonb, ${RECEIVED_AT}::bigint
        from unnest(${columnArrays(rows)}) as t(${columnList(EVENT_KINDS)})
      `.execute(db);
    }
  });
  await Promise.all(senders);
  return count / ((performance.now() - begun) / 1000);
}

/**
 * Seconds to unpack the batches and to insert every row that came of them, projections and all, into one table with a
 * key: `INSERT … unnest`, several statements at a time. `before`: the rows that stood in the ledger before them.
 */
export async function insertRowsPlainly(
  { db }: Store,
  deliveries: readonly Delivery[],
  before: readonly string[],
): Promise<{ rows: number; seconds: number }> {
  await sql`create table bare_rows (id bigint primary key, body jsonb not null)`.execute(db);
  const stood = new Set(before);
  const bodies = (await readAllRows(db)).filter((body) => !stood.has(body));
  const starts = Array.from(
    { length: Math.ceil(bodies.length / EVENTS_PER_BATCH) },
    (_, n) => n * EVENTS_PER_BATCH,
  );
  const begun = performance.now();
  for (const { payload } of deliveries) decodeBatch(payload);
  const senders = Array.from({ length: IN_FLIGHT }, async () => {
    for (let start = starts.shift(); start !== undefined; start = starts.shift()) {
      const part = bodies.slice(start, start + EVENTS_PER_BATCH);
      const ids = part.map((_, n) => (start ?? 0) + n);
      await sql`
        insert into bare_rows select id, body::jsonb from unnest(${ids}::bigint[], ${part}::text[]) as t(id, body)
      `.execute(db);
    }
  });
  await Promise.all(senders);
  const seconds = (performance.now() - begun) / 1000;
  await sql`drop table bare_rows`.execute(db);
  return { rows: bodies.length, seconds };
}

/** Every row of the ledger, as JSON. */
export async function readAllRows(db: Kysely<Tables>): Promise<string[]> {
  const bodies: string[] = [];
  // Other schemas of the server may hold tables of the same names.
  for (const name of new Set((await db.introspection.getTables()).map((table) => table.name))) {
    if (name.startsWith('bare_')) continue;
    const { rows } = await sql<{
      body: string;
    }>`select to_jsonb(t)::text as body from ${sql.table(name)} t`.execute(db);
    for (const { body } of rows) bodies.push(body);
  }
  return bodies;
}

function columnArrays(rows: readonly ReturnType<typeof eventRow>[]) {
  return sql.join(
    Object.entries(EVENT_KINDS).map(([column, kind]) => {
      const values = rows.map((row) => row[column as keyof typeof row]);
      return sql`${values}::${sql.raw(kind)}[]`;
    }),
  );
}

/** The same on a schema of its own: of the server when there is one, else of an embedded engine in memory. */
export async function plainInsertRate(
  events: readonly StockEvent[],
  url: string | undefined,
): Promise<number> {
  const schema = url === undefined ? undefined : `floor_${randomUUID().replaceAll('-', '')}`;
  if (url !== undefined && schema !== undefined) {
    const admin = await openDatabase({ url, maxConnections: 1 });
    await sql`create schema ${sql.ref(schema)}`.execute(admin.db);
    await admin.close();
  }
  const store =
    url === undefined || schema === undefined
      ? await openDatabase({ memory: true })
      : await openDatabase({ url, schema });
  try {
    await migrate(store.db, schema === undefined ? {} : { schema });
    await createPlainTable(store);
    return await insertPlainly(store, batchesOf(events));
  } finally {
    await store.close();
  }
}

function batchesOf(events: readonly StockEvent[]): Delivery[] {
  const deliveries: Delivery[] = [];
  for (let n = 0; n < events.length; n += EVENTS_PER_BATCH) {
    const records = events.slice(n, n + EVENTS_PER_BATCH).map((event, index) => ({
      seq: n + index + 1,
      event,
      recordedAt: event.occurredAt + 20,
      bootId: 'b7c1',
      monotonicMs: 1234.5,
      clock: 'synced' as const,
    }));
    const payload = encodeBatch({
      v: 1,
      gateway: 'gw-1',
      epoch: 'epoch-floor',
      lane: 'condition',
      firstSeq: n + 1,
      lastSeq: n + records.length,
      prunedUpTo: 0,
      events: records,
    });
    deliveries.push({ gateway: 'gw-1', lane: 'condition', payload });
  }
  return deliveries;
}
