/** Reads by plain SQL what the cloud has kept; no code of the ingest is asked. */
import { sql } from 'kysely';
import { type DatabaseOptions, openDatabase } from '../../../cloud/store/database.ts';
import type { KillLoopRow } from './truth.ts';

export interface KillLoopLedger {
  readonly rows: readonly KillLoopRow[];
  /** Rows of the samples projection: one for each event of the condition lane. */
  readonly samples: number;
  /** Codes of dead letters and kinds of exceptions, which no kill may cause. */
  readonly complaints: readonly string[];
}

/** Raised for devices and silence, which this load and the kills themselves cause. */
const OF_THE_KILLS = ['GATEWAY_SILENT', 'SENSOR_SILENT', 'DEVICE_FAULT'];

export async function readLedger(options: DatabaseOptions): Promise<KillLoopLedger> {
  const store = await openDatabase(options);
  try {
    const events = await sql<KillLoopRow>`
      select gateway, epoch, lane, seq,
        coalesce(body ->> 'netMilligrams', body ->> 'valueMilli',
          case when type = 'device' then body ->> 'detail' end)::bigint as number
      from events
    `.execute(store.db);
    const samples = await sql<{ count: number }>`select count(*) as count from samples`.execute(store.db);
    const complaints = await sql<{ complaint: string }>`
      select distinct code as complaint from dead_letters
      union select distinct kind from exceptions
        where status <> 'withdrawn' and not kind = any(${OF_THE_KILLS}::text[])
    `.execute(store.db);
    return {
      rows: events.rows,
      samples: samples.rows[0]?.count ?? 0,
      complaints: complaints.rows.map((row) => row.complaint),
    };
  } finally {
    await store.close();
  }
}
