/** What the ledger itself would complain about, and has no reason to here: nobody sent anything bad. */
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../../../cloud/store/tables.ts';
import type { History } from '../history.ts';

/** Exceptions that report a broken guarantee. */
const BREACHES = ['BODY_MISMATCH', 'LEDGER_BEHIND', 'JOURNAL_FORKED'];

export async function checkAlarms(history: History, db: Kysely<Tables>): Promise<void> {
  const letters = await sql<{ code: string; detail: string; payload: string }>`
    select code, detail, payload from dead_letters
  `.execute(db);
  for (const { code, detail, payload } of letters.rows) {
    history.violate('alarms', `dead letter ${code}: ${detail}: ${payload.slice(0, 200)}`);
  }
  const exceptions = await sql<{ kind: string; detail: unknown }>`
    select kind, detail from exceptions where kind = any(${BREACHES}::text[]) and status <> 'withdrawn'
  `.execute(db);
  for (const { kind, detail } of exceptions.rows) {
    history.violate('alarms', `exception ${kind}: ${JSON.stringify(detail)}`);
  }
}
