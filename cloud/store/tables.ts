/**
 * The tables as TypeScript sees them, one interface each; the schema is migrations/. int8 is a number on both
 * engines (see database.ts). jsonb columns are read as parsed values and written as JSON text.
 */
import type { ColumnType, Generated } from 'kysely';

/** Read as what JSON.parse gives; written as JSON text. */
type JsonColumn<T> = ColumnType<T, string, string>;

interface GatewaysTable {
  id: string;
  created_at: number;
  revoked_at: number | null;
  state: Generated<string>;
  state_at: number | null;
  last_batch_at: number | null;
}

interface GatewayTokensTable {
  id: Generated<number>;
  token_hash: string;
  gateway: string;
  issued_at: number;
  first_used_at: number | null;
  ended_at: number | null;
  end_reason: 'superseded' | 'revoked' | null;
}

interface InvitationsTable {
  gateway: string;
  code_hash: string;
  created_at: number;
  expires_at: number;
  used_at: number | null;
}

interface CertificatesTable {
  serial: string;
  gateway: string;
  token_id: number;
  fingerprint: string;
  issued_at: number;
  expires_at: number;
  revoked_at: number | null;
  revoke_reason: 'superseded' | 'revoked' | null;
}

interface WatermarksTable {
  gateway: string;
  epoch: string;
  lane: string;
  up_to: number;
  ahead: JsonColumn<[number, number][]>;
  updated_at: number;
  opening: Generated<number>;
}

interface JournalOpeningsTable {
  gateway: string;
  epoch: string;
  n: number;
  id: string;
  first_seen: number;
}

export interface ClockMarksTable {
  gateway: string;
  epoch: string;
  seq: number;
  boot_id: string;
  monotonic_ms: number;
  source: 'step' | 'system' | 'cloud';
  wall_before: number;
  wall_after: number;
}

export type TimeQuality = 'as-recorded' | 'corrected' | 'estimated' | 'waiting';

interface EventsTable {
  gateway: string;
  epoch: string;
  lane: string;
  seq: number;
  type: string;
  read_point: string | null;
  occurred_at: number;
  recorded_at: number;
  received_at: number;
  boot_id: string;
  monotonic_ms: number;
  clock: string;
  body: JsonColumn<unknown>;
  raw_occurred_at: number | null;
  correction_ms: number | null;
  time_quality: Generated<TimeQuality>;
}

interface DeadLettersTable {
  id: Generated<number>;
  fingerprint: string;
  gateway: string | null;
  epoch: string | null;
  lane: string | null;
  seq: number | null;
  code: string;
  detail: string;
  payload: string;
  received_at: number;
  times: Generated<number>;
}

export interface MovementsTable {
  epc: string;
  occurred_at: number;
  occurred_key: string;
  event_type: string;
  read_point: string;
  pass_id: string;
  direction: string;
  from_location: string | null;
  to_location: string | null;
  moved: boolean;
  disposition: string;
  read_count: number;
  peak_rssi_dbm: number | null;
}

export interface SamplesTable {
  read_point: string;
  metric: string;
  occurred_at: number;
  occurred_key: string;
  value_milli: number;
}

export interface ObjectsTable {
  epc: string;
  scheme: string;
  uri: string | null;
  gtin: string | null;
  serial: string | null;
  sscc: string | null;
  tag_expiry: string | null;
  location: string | null;
  disposition: string;
  moved_at: number | null;
  moved_key: string | null;
  first_seen_at: number;
  last_seen_at: number;
}

export interface PassesTable {
  pass_id: string;
  read_point: string;
  event_type: string;
  direction: string;
  direction_source: string;
  started_at: number;
  occurred_at: number;
  occurred_key: string;
  tags: number;
  strays_ignored: number;
  correction_ms: number | null;
  time_quality: TimeQuality;
}

export interface BinsTable {
  read_point: string;
  net_milligrams: number;
  weighed_at: number;
  weighed_key: string;
}

export interface ContactsTable {
  read_point: string;
  state: string;
  changed_at: number;
  changed_key: string;
}

export interface DevicesTable {
  gateway: string;
  device: string;
  condition: string;
  active: boolean;
  detail: string;
  since: number;
  since_key: string;
}

export interface ConditionsTable {
  read_point: string;
  metric: string;
  value_milli: number;
  sampled_at: number;
  sampled_key: string;
}

interface EpisodesTable {
  id: string;
  read_point: string;
  location: string;
  metric: string;
  rule_id: string;
  rule_version: number;
  rule: JsonColumn<unknown>;
  started_at: number;
  active_at: number;
  ended_at: number | null;
  peak_milli: number;
  unknown_ms: Generated<number>;
  revision: Generated<number>;
}

export interface TracksTable {
  read_point: string;
  rule_id: string;
  metric: string;
  rule_mark: string;
  heard_at: number;
  track: JsonColumn<unknown>;
}

type ExceptionStatus = 'raised' | 'acknowledged' | 'resolved' | 'withdrawn';

interface ExceptionsTable {
  id: string;
  kind: string;
  severity: string;
  subject: string;
  location: string | null;
  read_point: string | null;
  raised_at: number;
  cleared_at: number | null;
  detail: JsonColumn<Record<string, unknown>>;
  status: Generated<ExceptionStatus>;
  revision: Generated<number>;
}

type HoldStatus = 'active' | 'released' | 'withdrawn';

interface HoldsTable {
  exception_id: string;
  epc: string;
  exposed_from: number;
  exposed_to: number | null;
  status: Generated<HoldStatus>;
}

export interface ShipmentMatchesTable {
  shipment: string;
  epc: string;
  occurred_at: number;
  occurred_key: string;
  pass_id: string;
  line: number | null;
  counted: boolean;
}

export interface DecisionsTable {
  id: Generated<number>;
  subject_kind: 'exception' | 'hold' | 'shipment';
  subject_id: string;
  action: 'acknowledge' | 'resolve' | 'release' | 'close';
  actor: string;
  reason: Generated<string>;
  decided_at: number;
}

export interface ShipmentsTable {
  id: string;
  kind: 'inbound' | 'outbound';
  reference: string;
  partner: Generated<string>;
  read_point: string;
  expected_from: number;
  expected_to: number;
  loaded_at: number;
}

export interface ShipmentLinesTable {
  shipment: string;
  line: number;
  gtin: string | null;
  sscc: string | null;
  lot: string | null;
  expiry: string | null;
  quantity: number;
}

export interface ShipmentTagsTable {
  shipment: string;
  epc: string;
  line: number;
}

export interface TagMasterTable {
  epc: string;
  lot: string | null;
  expiry: string | null;
  shipment: string | null;
}

interface ItemsTable {
  gtin: string;
  name: string;
  sku: string | null;
}

interface UsersTable {
  name: string;
  role: string;
  token_hash: string;
  created_at: number;
  revoked_at: number | null;
}

export interface Tables {
  gateways: GatewaysTable;
  gateway_tokens: GatewayTokensTable;
  invitations: InvitationsTable;
  certificates: CertificatesTable;
  watermarks: WatermarksTable;
  journal_openings: JournalOpeningsTable;
  clock_marks: ClockMarksTable;
  events: EventsTable;
  dead_letters: DeadLettersTable;
  movements: MovementsTable;
  samples: SamplesTable;
  objects: ObjectsTable;
  passes: PassesTable;
  bins: BinsTable;
  contacts: ContactsTable;
  devices: DevicesTable;
  conditions: ConditionsTable;
  episodes: EpisodesTable;
  tracks: TracksTable;
  exceptions: ExceptionsTable;
  holds: HoldsTable;
  shipment_matches: ShipmentMatchesTable;
  decisions: DecisionsTable;
  shipments: ShipmentsTable;
  shipment_lines: ShipmentLinesTable;
  shipment_tags: ShipmentTagsTable;
  tag_master: TagMasterTable;
  items: ItemsTable;
  users: UsersTable;
}
