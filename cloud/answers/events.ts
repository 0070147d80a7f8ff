/** The events as they were taken, oldest first by event time: what everything else is folded from. */
import type { Kysely } from 'kysely';
import type { StoredLedgerEvent } from '../contract/events.ts';
import type { Page } from '../contract/lists.ts';
import type { Tables } from '../store/tables.ts';

interface EventFilter {
  readonly type?: string | undefined;
  readonly readPoint?: string | undefined;
  readonly gateway?: string | undefined;
}

export async function listEvents(
  db: Kysely<Tables>,
  filter: EventFilter,
  page: Page,
): Promise<StoredLedgerEvent[]> {
  let query = db
    .selectFrom('events')
    .select([
      'gateway',
      'epoch',
      'lane',
      'seq',
      'type',
      'read_point',
      'occurred_at',
      'raw_occurred_at',
      'time_quality',
      'received_at',
      'clock',
      'body',
    ]);
  if (filter.type !== undefined) query = query.where('type', '=', filter.type);
  if (filter.readPoint !== undefined) query = query.where('read_point', '=', filter.readPoint);
  if (filter.gateway !== undefined) query = query.where('gateway', '=', filter.gateway);
  const rows = await query
    .orderBy('occurred_at')
    .orderBy('gateway')
    .orderBy('epoch')
    .orderBy('lane')
    .orderBy('seq')
    .limit(page.limit)
    .offset(page.offset)
    .execute();
  return rows.map(
    ({ read_point, occurred_at, raw_occurred_at, time_quality, received_at, body, ...row }) => ({
      ...row,
      readPoint: read_point,
      occurredAt: new Date(occurred_at).toISOString(),
      rawOccurredAt: raw_occurred_at === null ? null : new Date(raw_occurred_at).toISOString(),
      timeQuality: time_quality,
      receivedAt: new Date(received_at).toISOString(),
      body: asRecord(body),
    }),
  );
}

function asRecord(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? { ...body } : {};
}
