/** Episodes, and how far each point has been evaluated. */
import type { Generated } from 'kysely';
import type { JsonColumn } from './columns.ts';

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

export interface ColdchainTables {
  episodes: EpisodesTable;
  tracks: TracksTable;
}
