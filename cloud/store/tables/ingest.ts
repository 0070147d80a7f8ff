/** What was delivered: events, how far each lane is, journals, clocks, and what could not be taken. */
import type { Generated } from 'kysely';
import type { JsonColumn } from './columns.ts';

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

export interface IngestTables {
  events: EventsTable;
  watermarks: WatermarksTable;
  journal_openings: JournalOpeningsTable;
  clock_marks: ClockMarksTable;
  dead_letters: DeadLettersTable;
}
