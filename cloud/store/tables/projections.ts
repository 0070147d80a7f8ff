/** What events decide alone. */
import type { TimeQuality } from './ingest.ts';

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

export interface SamplesTable {
  read_point: string;
  metric: string;
  occurred_at: number;
  occurred_key: string;
  value_milli: number;
}

export interface ConditionsTable {
  read_point: string;
  metric: string;
  value_milli: number;
  sampled_at: number;
  sampled_key: string;
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

export interface ProjectionsTables {
  movements: MovementsTable;
  objects: ObjectsTable;
  passes: PassesTable;
  bins: BinsTable;
  samples: SamplesTable;
  conditions: ConditionsTable;
  contacts: ContactsTable;
  devices: DevicesTable;
}
