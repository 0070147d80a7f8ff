/** An episode on record, and what SQL says of one. */
import { sql } from 'kysely';
import type { Rule } from '../../site/site.ts';
import type { Episode } from '../engine/episode.ts';

/**
 * When an episode `e` ended, or the end of time: as the index has it. Episodes of one point and rule do not overlap,
 * so they end in the order in which they start.
 */
export const EPISODE_END = sql`coalesce(e.ended_at, 9223372036854775807)`;

export interface StandingEpisode {
  readonly location: string;
  readonly episode: Episode;
}

export interface FoundEpisode extends StandingEpisode {
  readonly rule: Rule;
}
