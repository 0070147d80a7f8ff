/**
 * The first schema: what is written once (events, movements, samples), what is folded from it (projections) and
 * what people decide (decisions). Times are epoch milliseconds in bigint: exact, zone-free, the same number as on
 * the link; measured values are bigint too, so that no value that parses can abort a transaction. Keys that order
 * are `collate "C"`: the same order in every database and in JavaScript.
 * `occurred_key` orders events of equal time: `<gateway>/<epoch>/<lane>/<seq, 16 digits>`.
 */
import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  // --- who may deliver, and how far each has come -----------------------------------------------------------
  `create table gateways (
    id text collate "C" primary key,
    token_hash text,
    created_at bigint not null,
    revoked_at bigint,
    state text not null default 'unknown',
    state_at bigint,
    last_batch_at bigint
  )`,
  `create table watermarks (
    gateway text collate "C" not null, epoch text collate "C" not null, lane text collate "C" not null,
    up_to bigint not null,
    -- ranges received beyond a hole: [[first, last], …], sorted, disjoint
    ahead jsonb not null default '[]',
    updated_at bigint not null,
    primary key (gateway, epoch, lane)
  )`,
  // --- written once -----------------------------------------------------------------------------------------
  `create table events (
    gateway text collate "C" not null, epoch text collate "C" not null, lane text collate "C" not null,
    seq bigint not null,
    type text not null,
    read_point text,
    occurred_at bigint not null, recorded_at bigint not null, received_at bigint not null,
    boot_id text not null, monotonic_ms double precision not null, clock text not null,
    body jsonb not null,
    digest text not null,
    primary key (gateway, epoch, lane, seq)
  )`,
  `create index events_by_time on events (occurred_at)`,
  `create index events_by_condition on events (gateway, (body ->> 'device'), (body ->> 'condition'),
    (coalesce(body ->> 'readPoint', '')), (body -> 'active'), occurred_at) where type = 'device'`,
  `create table dead_letters (
    id bigint generated always as identity primary key,
    -- the same bad thing delivered twice is one row
    fingerprint text not null unique,
    gateway text, epoch text, lane text, seq bigint,
    code text not null,
    detail text not null,
    payload text not null,
    received_at bigint not null,
    times integer not null default 1
  )`,
  `create table movements (
    epc text collate "C" not null,
    occurred_at bigint not null,
    occurred_key text collate "C" not null,
    event_type text not null,
    read_point text not null,
    pass_id text not null,
    direction text not null,
    -- null: wherever it stood before (the door did not know the direction), or nothing moved
    from_location text, to_location text,
    -- false for a sighting that moved nothing (turned back)
    moved boolean not null,
    disposition text not null,
    read_count bigint not null,
    peak_rssi_dbm double precision,
    primary key (epc, occurred_at, occurred_key)
  )`,
  `create index movements_by_read_point on movements (read_point, occurred_at)`,
  `create table samples (
    read_point text collate "C" not null, metric text collate "C" not null,
    occurred_at bigint not null, occurred_key text collate "C" not null,
    value_milli bigint not null,
    primary key (read_point, metric, occurred_at, occurred_key)
  )`,
  // --- projections: a function of the set of events, rebuilt from it at any time ------------------------------
  `create table objects (
    epc text collate "C" primary key,
    scheme text not null,
    uri text,
    gtin text, serial text, sscc text,
    tag_expiry text,
    location text,
    disposition text not null,
    -- the deciding movement
    moved_at bigint, moved_key text collate "C",
    first_seen_at bigint not null, last_seen_at bigint not null
  )`,
  `create index objects_by_item on objects (gtin, location)`,
  `create index objects_by_location on objects (location)`,
  `create index objects_by_move on objects (moved_at)`,
  `create index objects_by_sscc on objects (sscc) where sscc is not null`,
  `create table passes (
    pass_id text collate "C" primary key,
    read_point text not null,
    event_type text not null,
    direction text not null,
    direction_source text not null,
    started_at bigint not null,
    occurred_at bigint not null, occurred_key text collate "C" not null,
    -- over all parts that have come
    tags bigint not null,
    strays_ignored bigint not null
  )`,
  `create index passes_by_time on passes (occurred_at)`,
  `create index passes_by_read_point on passes (read_point, occurred_at)`,
  `create table bins (
    read_point text collate "C" primary key,
    net_milligrams bigint not null,
    weighed_at bigint not null, weighed_key text collate "C" not null
  )`,
  `create table contacts (
    read_point text collate "C" primary key,
    state text not null,
    changed_at bigint not null, changed_key text collate "C" not null
  )`,
  `create table devices (
    gateway text collate "C" not null, device text collate "C" not null, condition text collate "C" not null,
    active boolean not null,
    detail text not null,
    since bigint not null, since_key text collate "C" not null,
    primary key (gateway, device, condition)
  )`,
  `create table conditions (
    read_point text collate "C" not null, metric text collate "C" not null,
    value_milli bigint not null,
    sampled_at bigint not null, sampled_key text collate "C" not null,
    primary key (read_point, metric)
  )`,
  `create table episodes (
    id text collate "C" primary key,
    read_point text not null, location text not null, metric text not null,
    rule_id text not null, rule_version integer not null,
    -- the limits as they stood
    rule jsonb not null,
    started_at bigint not null,
    -- when the delay ran out and it counted
    active_at bigint not null,
    ended_at bigint,
    peak_milli bigint not null,
    -- milliseconds without data inside the episode
    unknown_ms bigint not null default 0,
    revision integer not null default 1
  )`,
  // how an episode is found: by its end, so that those long over are never read
  `create index episodes_by_point on episodes (read_point, rule_id, (coalesce(ended_at, 9223372036854775807)))`,
  `create index episodes_by_end on episodes ((coalesce(ended_at, 9223372036854775807)))`,
  `create table tracks (
    read_point text collate "C" not null, rule_id text collate "C" not null,
    metric text not null,
    -- a fingerprint of the rule and the place it was heard under
    rule_mark text not null,
    -- the newest sample heard, and the engine's state after it
    heard_at bigint not null,
    track jsonb not null,
    primary key (read_point, rule_id)
  )`,
  `create table exceptions (
    id text collate "C" primary key,
    kind text not null,
    severity text not null,
    subject text not null,
    location text, read_point text,
    raised_at bigint not null,
    cleared_at bigint,
    detail jsonb not null,
    -- raised | acknowledged | resolved | withdrawn (the events that raised it no longer say so)
    status text not null default 'raised',
    revision integer not null default 1
  )`,
  `create index exceptions_by_status on exceptions (status, raised_at)`,
  `create index exceptions_by_kind on exceptions (kind, raised_at)`,
  `create index exceptions_by_subject on exceptions (subject, kind, raised_at)`,
  `create table holds (
    exception_id text collate "C" not null,
    epc text collate "C" not null,
    exposed_from bigint not null, exposed_to bigint,
    -- active | released | withdrawn
    status text not null default 'active',
    primary key (exception_id, epc)
  )`,
  `create index holds_by_epc on holds (epc, status)`,
  `create table shipment_matches (
    shipment text collate "C" not null,
    epc text collate "C" not null,
    occurred_at bigint not null, occurred_key text collate "C" not null,
    pass_id text not null,
    -- null: came or went with it without being on any line
    line integer,
    -- false for the tag of a pallet whose cases are counted
    counted boolean not null,
    primary key (shipment, epc)
  )`,
  `create index shipment_matches_by_pass on shipment_matches (pass_id)`,
  // --- what people decide: append-only ------------------------------------------------------------------------
  `create table decisions (
    id bigint generated always as identity primary key,
    -- exception | hold | shipment
    subject_kind text not null,
    subject_id text not null,
    -- acknowledge | resolve | release | close
    action text not null,
    actor text not null,
    reason text not null default '',
    decided_at bigint not null
  )`,
  `create index decisions_by_subject on decisions (subject_kind, subject_id)`,
  // --- master data and expectations ---------------------------------------------------------------------------
  `create table shipments (
    id text collate "C" primary key,
    -- inbound | outbound
    kind text not null,
    reference text not null,
    partner text not null default '',
    read_point text not null,
    expected_from bigint not null, expected_to bigint not null,
    loaded_at bigint not null
  )`,
  // by their end, so that a pass does not look at those long over
  `create index shipments_by_door on shipments (read_point, kind, expected_to)`,
  `create index shipments_by_end on shipments (expected_to)`,
  `create table shipment_lines (
    shipment text collate "C" not null references shipments (id) on delete cascade,
    line integer not null,
    gtin text, sscc text, lot text, expiry text,
    -- how many tags of this line should pass
    quantity integer not null,
    primary key (shipment, line)
  )`,
  `create index shipment_lines_by_sscc on shipment_lines (sscc) where sscc is not null`,
  // the tags of a line, where the sender lists them (lower-case hex)
  `create table shipment_tags (
    shipment text collate "C" not null references shipments (id) on delete cascade,
    epc text collate "C" not null,
    line integer not null,
    primary key (shipment, epc)
  )`,
  `create index shipment_tags_by_epc on shipment_tags (epc)`,
  `create table tag_master (
    epc text collate "C" primary key,
    lot text, expiry text,
    shipment text
  )`,
  `create table items (
    gtin text collate "C" primary key,
    name text not null,
    sku text
  )`,
  `create table users (
    name text collate "C" primary key,
    role text not null,
    token_hash text not null unique,
    created_at bigint not null,
    revoked_at bigint
  )`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
