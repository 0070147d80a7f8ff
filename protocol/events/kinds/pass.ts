/** What receipts, dispatches and passages have in common: tags went through a door. */
import * as z from 'zod';
import { count, dBm, ordinal, readPoint, time } from '../fields.ts';

/** Most tags that one pass event carries; a larger pass is sent in parts with the same `passId`. */
export const MAX_TAGS_PER_EVENT = 400;

const tagSightingSchema = z.looseObject({
  epc: z
    .string()
    .regex(/^([0-9a-f]{2}){1,62}$/)
    .describe(
      'EPC bank content, lower-case hex; decoded only in the cloud, never dropped for being unknown.',
    ),
  firstSeenAt: time.describe('First sight in this pass.'),
  lastSeenAt: time.describe('Last sight in this pass.'),
  readCount: ordinal.describe('Reads in the air.'),
  peakRssiDbm: dBm.optional().describe('Strongest read, where the reader says it.'),
  antennas: z.array(z.string()).max(64).describe('Channels that saw it.'),
});
export type TagSighting = z.infer<typeof tagSightingSchema>;

const directionSchema = z.enum(['IN', 'OUT', 'TURNED_BACK', 'UNKNOWN']);
export type Direction = z.infer<typeof directionSchema>;

export const passFields = {
  readPoint,
  occurredAt: time.describe('When the pass ended at the door: the last accepted sight of a tag.'),
  startedAt: time.describe('When it began.'),
  passId: z.string().min(1).max(96).describe('Same for all parts of one pass: `<readPoint>@<startedAt>`.'),
  part: ordinal.describe(`Which part this is: one event carries at most ${MAX_TAGS_PER_EVENT} tags.`),
  parts: ordinal.describe('How many parts the pass has.'),
  direction: directionSchema.describe('Which way it went.'),
  directionSource: z
    .enum(['assigned', 'photo-eye', 'antenna-order', 'none'])
    .describe('How the direction was found; `none` goes with UNKNOWN.'),
  tags: z.array(tagSightingSchema).max(MAX_TAGS_PER_EVENT).describe('What passed.'),
  straysIgnored: count.describe('Tags seen but judged not to have passed (too few reads, too weak).'),
};

interface NamedPass {
  readonly readPoint: string;
  readonly startedAt: number;
  readonly passId: string;
}

/** A pass is named after its start: two passes of a clock that woke twice at the same hour are two. */
export function renamePass<Pass extends NamedPass>(before: NamedPass, after: Pass): Pass {
  return before.passId === passName(before) ? { ...after, passId: passName(after) } : after;
}

function passName({ readPoint, startedAt }: NamedPass): string {
  return `${readPoint}@${startedAt}`;
}

export const examplePass = {
  readPoint: 'dock-1',
  occurredAt: 1_780_293_603_200,
  startedAt: 1_780_293_600_000,
  passId: 'dock-1@1780293600000',
  part: 1,
  parts: 1,
  directionSource: 'photo-eye' as const,
  tags: [
    {
      epc: '3074257bf7194e4000001a85',
      firstSeenAt: 1_780_293_600_000,
      lastSeenAt: 1_780_293_603_200,
      readCount: 41,
      peakRssiDbm: -48.5,
      antennas: ['1', '2'],
    },
  ],
  straysIgnored: 2,
};
