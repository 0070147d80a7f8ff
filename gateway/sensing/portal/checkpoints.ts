/**
 * The portal's checkpoint rows, all below `<readPoint>/`:
 *   <startedAt>/session   the open session: who opened it, how long it has been active, antenna-order evidence
 *   <startedAt>/<epc>     one tag of it, written at its first sight and once more when it is seen to move
 *   beams                 both photo-eyes and their crossings, written at each edge
 *   parked/<epc>          a learnt lay-around tag
 * A tag with a row counts as accepted after a crash even when fewer than `minReads` of its reads survive: what the
 * crash took were reads of it, most likely, and a phantom on the list is found at reconciliation where a case left
 * off it is not. Lay-around tags stay excluded, since they are known from their own rows.
 */
import * as z from 'zod';
import { readBody } from '../checkpoint-body.ts';
import type { CheckpointRow } from '../sensor.ts';
import { MAX_CROSSINGS } from '../signal/limits.ts';
import type { PhotoEyesState } from '../signal/photo-eyes.ts';
import { levelsOf } from '../signal/rest.ts';
import type { TagTrack } from '../signal/tag-track.ts';

const sideEvidenceSchema = z.object({
  reads: z.int().nonnegative(),
  energy: z.number(),
  moment: z.number(),
  secondMoment: z.number(),
  early: z.number(),
  late: z.number(),
  lateAt: z.number(),
});

const sessionSchema = z.object({
  openedByBeam: z.boolean(),
  /** Gateway time of the opening and of the last accepted sight. */
  openedAt: z.number(),
  activeAt: z.number(),
  /** Event time of that sight. */
  sightedAt: z.number(),
  evidence: z.object({ baseAt: z.number(), outer: sideEvidenceSchema, inner: sideEvidenceSchema }).optional(),
});
export type SavedSession = z.infer<typeof sessionSchema>;

const tagSchema = z.object({
  firstSeenAt: z.int(),
  presentSince: z.number(),
  antenna: z.int().nonnegative(),
  rssiDbm: z.number().optional(),
  moved: z.boolean(),
  carried: z.boolean(),
  parkedBefore: z.boolean(),
});
export type SavedTag = z.infer<typeof tagSchema>;

const eyeSchema = z.object({ broken: z.boolean(), since: z.number(), blocked: z.boolean() });
const sideSchema = z.enum(['inner', 'outer']);
const beamsSchema = z.object({
  outer: eyeSchema,
  inner: eyeSchema,
  crossings: z
    .array(
      z.object({
        first: sideSchema,
        last: sideSchema,
        both: z.boolean(),
        spoilt: z.boolean(),
        startAt: z.number(),
        endAt: z.number(),
      }),
    )
    .max(MAX_CROSSINGS),
});

const parkedSchema = z.object({ levels: z.array(z.number().nullable()).max(64) });

export interface SavedPortal {
  /** By start; tags without a readable session row still make one. */
  readonly sessions: Map<number, { session: SavedSession | undefined; tags: Map<string, SavedTag> }>;
  readonly beams: PhotoEyesState | undefined;
  readonly parked: Map<string, (number | null)[]>;
  readonly unreadable: number;
}

const EPC = /^([0-9a-f]{2}){1,62}$/;

export type PortalCheckpoints = ReturnType<typeof createCheckpoints>;

export function createCheckpoints(readPoint: string) {
  const folder = (startedAt: number) => `${readPoint}/${startedAt}/`;
  const row = (key: string, body: unknown): CheckpointRow => ({ key, body: JSON.stringify(body) });
  return {
    sessionFolder: folder,
    beamsKey: `${readPoint}/beams`,
    parkedKey: (epc: string) => `${readPoint}/parked/${epc}`,
    session: (startedAt: number, saved: SavedSession) => row(`${folder(startedAt)}session`, saved),
    tag: (startedAt: number, epc: string, saved: SavedTag) => row(`${folder(startedAt)}${epc}`, saved),
    beams: (state: PhotoEyesState) => row(`${readPoint}/beams`, state),
    parked: (track: TagTrack) => row(`${readPoint}/parked/${track.epc}`, { levels: levelsOf(track) }),

    read(rows: readonly CheckpointRow[]): SavedPortal {
      const sessions: SavedPortal['sessions'] = new Map();
      const parked = new Map<string, (number | null)[]>();
      let beams: PhotoEyesState | undefined;
      let unreadable = 0;
      for (const { key, body } of rows) {
        const [place, first, second, ...rest] = key.split('/');
        if (place !== readPoint || first === undefined || rest.length > 0) {
          unreadable++;
        } else if (first === 'beams') {
          beams = readBody(beamsSchema, body);
          if (beams === undefined) unreadable++;
        } else if (first === 'parked') {
          const saved = readBody(parkedSchema, body);
          if (saved !== undefined && second !== undefined && EPC.test(second))
            parked.set(second, saved.levels);
          else unreadable++;
        } else if (!readSessionRow(sessions, Number(first), second, body)) {
          unreadable++;
        }
      }
      return { sessions, beams, parked, unreadable };
    },
  };
}

function readSessionRow(
  sessions: SavedPortal['sessions'],
  startedAt: number,
  name: string | undefined,
  body: string,
): boolean {
  if (!Number.isSafeInteger(startedAt) || name === undefined) return false;
  const session = name === 'session' ? readBody(sessionSchema, body) : undefined;
  const tag = EPC.test(name) ? readBody(tagSchema, body) : undefined;
  if (session === undefined && tag === undefined) return false;
  const entry = sessions.get(startedAt) ?? { session: undefined, tags: new Map<string, SavedTag>() };
  if (session !== undefined) entry.session = session;
  if (tag !== undefined) entry.tags.set(name, tag);
  sessions.set(startedAt, entry);
  return true;
}
