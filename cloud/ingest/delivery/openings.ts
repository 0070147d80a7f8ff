/**
 * Copied and restored journals. Each opening of a journal file has a number that counts up within its epoch, a
 * random id, and says the last seq of the lane at that moment. An honest journal has one id for each number, and all
 * that earlier openings sent lies at or below its base, because it was durable before it was sent. So:
 *  - another id for a known number: two copies of one file are running;
 *  - an opening newer than all that have spoken on the lane, while the ledger holds events beyond its base: the file
 *    was set back (restored from a backup or an image), and gives names that are taken to other events.
 * Such a batch is not taken. An older opening whose batches come late is no fork, whether it spoke before or not: the
 * verdict on an honest gateway does not depend on the order of arrival.
 */
import { sql, type Transaction } from 'kysely';
import { exceptionId } from '../../exceptions/exception-id.ts';
import type { ExceptionRow } from '../../exceptions/raise.ts';
import type { Tables } from '../../store/tables.ts';
import { unnest } from '../../store/unnest.ts';
import type { JudgedBatch } from './judge.ts';
import { type LaneState, type Openings, openingName } from './lanes.ts';
import type { Watermark } from './watermark.ts';

export interface NewOpening {
  readonly gateway: string;
  readonly epoch: string;
  readonly n: number;
  readonly id: string;
}

type OpeningVerdict =
  /** `fresh`: an opening that was not on record. */
  { taken: true; fresh: NewOpening | undefined } | { taken: false; detail: string };

/** Judges one batch against what is known, before its range is added to the lane. Batches without `boot` pass. */
export function judgeOpening(batch: JudgedBatch, lane: LaneState, openings: Openings): OpeningVerdict {
  const { boot, gateway, epoch } = batch;
  if (boot === undefined) return { taken: true, fresh: undefined };
  const name = openingName(batch, boot.n);
  const known = openings.get(name);
  if (known !== undefined && known !== boot.id) {
    const detail = `opening ${boot.n} of this journal has spoken with another id: a copy of it is running somewhere`;
    return { taken: false, detail };
  }
  const heard = highestSeq(lane.watermark);
  if (boot.n > lane.opening && heard > boot.base) {
    const detail = `opening ${boot.n} begins behind ${batch.lane} ${boot.base}, but ${heard} is in the ledger: the journal was set back`;
    return { taken: false, detail };
  }
  lane.opening = Math.max(lane.opening, boot.n);
  if (known !== undefined) return { taken: true, fresh: undefined };
  openings.set(name, boot.id);
  return { taken: true, fresh: { gateway, epoch, n: boot.n, id: boot.id } };
}

function highestSeq({ upTo, ahead }: Watermark): number {
  return ahead.at(-1)?.[1] ?? upTo;
}

/** Somebody else has just recorded another id for the same opening: the transaction is to be tried again. */
class OpeningRaced extends Error {
  /** SQLSTATE serialization_failure: lost a race. */
  readonly code = '40001';
}

export async function keepOpenings(
  trx: Transaction<Tables>,
  fresh: readonly NewOpening[],
  now: number,
): Promise<void> {
  if (fresh.length === 0) return;
  const kinds = { gateway: 'text', epoch: 'text', n: 'bigint', id: 'text' } as const;
  const rows = fresh.toSorted((a, b) => (openingName(a, a.n) < openingName(b, b.n) ? -1 : 1));
  const inserted = await sql`
    insert into journal_openings (gateway, epoch, n, id, first_seen)
    select gateway, epoch, n, id, ${now}::bigint from ${unnest('t', kinds, rows)}
    on conflict do nothing
  `.execute(trx);
  if (inserted.numAffectedRows === BigInt(rows.length)) return;
  // Mostly another lane of the same journal was quicker.
  const onRecord = await sql`
    select from ${unnest('t', kinds, rows)} join journal_openings using (gateway, epoch, n, id)
  `.execute(trx);
  if (onRecord.rows.length < rows.length) {
    throw new OpeningRaced('another journal recorded an opening of the same number');
  }
}

/** One for each epoch, whatever of it was refused. */
export function journalForked({ gateway, epoch }: JudgedBatch, now: number): ExceptionRow {
  return {
    id: exceptionId('JOURNAL_FORKED', gateway, epoch),
    kind: 'JOURNAL_FORKED',
    subject: gateway,
    location: null,
    readPoint: null,
    raisedAt: now,
    detail: { gateway, epoch },
  };
}
