/**
 * What the delivery guarantee needs: which openings of a journal have spoken, and events whose time the gateway did
 * not know when it wrote them.
 *
 * An event's body is what makes it the same event, and jsonb compares by value: the digest beside it said nothing
 * more and cost a hash and a column for every event.
 */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  // --- copied and restored journals ---------------------------------------------------------------------------
  `create table journal_openings (
    gateway text collate "C" not null, epoch text collate "C" not null,
    -- counts up with each opening of the journal file
    n bigint not null,
    id text not null,
    first_seen bigint not null,
    primary key (gateway, epoch, n)
  )`,
  // the newest opening heard on the lane
  `alter table watermarks add column opening bigint not null default 0`,
  // --- events -------------------------------------------------------------------------------------------------
  `alter table events drop column digest`,
  // occurred_at is the time that counts; what the gateway's clock said stands beside it where that is another
  `alter table events add column raw_occurred_at bigint`,
  `alter table events add column correction_ms bigint`,
  // as-recorded | corrected | estimated | waiting (for a good clock: not yet projected)
  `alter table events add column time_quality text not null default 'as-recorded'`,
  `create index events_waiting on events (gateway, boot_id, monotonic_ms) where time_quality = 'waiting'`,
  `alter table passes add column correction_ms bigint`,
  `alter table passes add column time_quality text not null default 'as-recorded'`,
  // --- what clocks said: one row for each place in a health lane at which a clock event came ------------------
  `create table clock_marks (
    gateway text collate "C" not null, epoch text collate "C" not null,
    -- the place it was delivered at, which is its name unless it was carried over
    seq bigint not null,
    boot_id text not null,
    monotonic_ms double precision not null,
    -- step: nobody says which side is right; system, cloud: wall_after is the true time
    source text not null,
    wall_before bigint not null, wall_after bigint not null,
    primary key (gateway, epoch, seq)
  )`,
  `create index clock_marks_by_boot on clock_marks (gateway, boot_id)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
