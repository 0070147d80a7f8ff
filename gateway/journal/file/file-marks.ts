/**
 * What a journal file says of itself, in its `meta` table: format, epoch, the machine that made it, its openings, and
 * whether the cloud has refused it. Rows are (key, sealed text), the longer ones JSON; `format` alone stands plain, so
 * that every release can read it, and once more in the file's header (PRAGMA user_version): where the two do not agree,
 * one is damaged.
 *
 * Openings. Each opening is counted in a durable commit before anything else is written, with a random id and each
 * lane's last seq. Two files that began as one (a card copied, an image put back) cannot give the cloud the same
 * chain of openings for long. `kept` is each lane's last seq at the first opening since one that handed events out:
 * should the cloud refuse the file, names up to there are its own, and later ones may belong to the other's events.
 */
import * as z from 'zod';
import { LANES, type Lane, perLane } from '../../../protocol/events/lanes.ts';
import type { ForkMark, JournalBoot } from '../journal.ts';
import { UnusableFileError } from '../journal-error.ts';
import type { Connection } from './connection.ts';
import { seal, unseal } from './sealed.ts';

const KEYS = ['format', 'epoch', 'created', 'host', 'opening', 'forked'] as const;
type Key = Exclude<(typeof KEYS)[number], 'format'>;

const seqsSchema = z.record(z.enum(LANES), z.int().nonnegative());
const openingSchema = z.object({
  n: z.int().positive(),
  id: z.string().min(1),
  base: seqsSchema,
  kept: seqsSchema,
  /** Events of this opening may have reached the cloud. */
  handedOut: z.boolean(),
});
const forkSchema = z.object({ at: z.int(), detail: z.string(), kept: seqsSchema });

export type Opening = z.infer<typeof openingSchema>;
export type LaneSeqs = Readonly<Record<Lane, number>>;
/** A fork mark and the seqs up to which names are this file's own. */
interface StoredFork extends ForkMark {
  readonly kept: LaneSeqs;
}

export const NO_SEQS: LaneSeqs = perLane(() => 0);

export interface FileMarks {
  readonly epoch: string;
  /** A hash that stands for the machine; undefined when the machine had nothing to know it by. */
  readonly host: string | undefined;
  /** Undefined before the first opening. */
  readonly opening: Opening | undefined;
  readonly forked: StoredFork | undefined;
}

export function readMarks(db: Connection): FileMarks {
  const keys = db.prepare<[], string>('select key from meta').pluck().all();
  const stray = keys.find((key) => !KEYS.some((known) => known === key));
  if (stray !== undefined) throw new UnusableFileError(`it has a mark "${stray}" that nobody wrote`);
  const epoch = readMark(db, 'epoch');
  if (epoch === undefined) throw new UnusableFileError('no epoch');
  return {
    epoch,
    host: readMark(db, 'host'),
    opening: parseMark(db, 'opening', openingSchema),
    forked: parseMark(db, 'forked', forkSchema),
  };
}

/** Undefined where there is none. Throws UnusableFileError for one that is not as it was written. */
export function readMark(db: Connection, key: Key): string | undefined {
  const sealed = readValue(db, key);
  if (sealed === undefined) return undefined;
  const text = unseal(sealed, key);
  if (text === undefined) throw new UnusableFileError(`its mark "${key}" is damaged`);
  return text;
}

export const writeMark = (db: Connection, key: Key, text: string) => writeValue(db, key, seal(text, key));

/** The format a file says it has; NaN when it says none. Throws UnusableFileError when it says two. */
export function readFormat(db: Connection): number {
  const format = Number(readValue(db, 'format'));
  const inHeader = Number(db.pragma('user_version', { simple: true }));
  // Format 1 left the header alone.
  if (inHeader !== (format === 1 ? 0 : format)) {
    throw new UnusableFileError(`it says to be of format ${format} and of format ${inHeader}`);
  }
  return format;
}

export function writeFormat(db: Connection, format: number): void {
  writeValue(db, 'format', String(format));
  db.pragma(`user_version = ${format}`);
}

/** Format 1 had its marks plain. */
export function sealMarks(db: Connection): void {
  for (const key of ['epoch', 'created'] as const) {
    const text = readValue(db, key);
    if (text === undefined) throw new UnusableFileError(`no ${key}`);
    writeMark(db, key, text);
  }
}

/** As it stands in a file of format 1. */
export const readPlainEpoch = (db: Connection) => readValue(db, 'epoch');

function readValue(db: Connection, key: string): string | undefined {
  return db.prepare<[string], string>('select value from meta where key = ?').pluck().get(key);
}

function writeValue(db: Connection, key: string, value: string): void {
  db.prepare(
    'insert into meta(key, value) values (?, ?) on conflict(key) do update set value = excluded.value',
  ).run(key, value);
}

/**
 * The epoch once more, sealed, as a view: its text stands with the schema, without which nothing can be read at all. So
 * whatever rows a salvage finds, it knows their names.
 */
export function nameEpochInSchema(db: Connection, epoch: string): void {
  db.exec(`create view epoch as select '${seal(epoch, 'epoch').replaceAll("'", "''")}' as name`);
}

export function epochOfSchema(db: Connection): string | undefined {
  return unseal(db.prepare<[], string>('select name from epoch').pluck().get(), 'epoch');
}

/** Counts an opening; durable when it returns. */
export function recordOpening(db: Connection, marks: FileMarks, id: string, lastSeqs: LaneSeqs): Opening {
  const last = marks.opening;
  const kept = last === undefined || last.handedOut ? lastSeqs : last.kept;
  const opening = { n: (last?.n ?? 0) + 1, id, base: { ...lastSeqs }, kept: { ...kept }, handedOut: false };
  writeMark(db, 'opening', JSON.stringify(opening));
  return opening;
}

export function recordHandedOut(db: Connection, opening: Opening): Opening {
  const now = { ...opening, handedOut: true };
  writeMark(db, 'opening', JSON.stringify(now));
  return now;
}

/** The first mark stays: what was appended since has no names of its own either. */
export function recordFork(db: Connection, marks: FileMarks, mark: ForkMark): StoredFork {
  if (marks.forked !== undefined) return marks.forked;
  const fork = { ...mark, kept: marks.opening?.kept ?? NO_SEQS };
  writeMark(db, 'forked', JSON.stringify(fork));
  return fork;
}

/**
 * The seqs up to which names are the file's own; undefined: all are. Where the mark of a fork cannot be read, what the
 * last opening says, and if that cannot either, no name is believed.
 */
export function readOwnNames(db: Connection): LaneSeqs | undefined {
  if (readValue(db, 'forked') === undefined) return undefined;
  const fork = unlessDamaged(() => parseMark(db, 'forked', forkSchema));
  return fork?.kept ?? unlessDamaged(() => parseMark(db, 'opening', openingSchema))?.kept ?? NO_SEQS;
}

function unlessDamaged<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof UnusableFileError) return undefined;
    throw error;
  }
}

export const bootOf = ({ n, id, base }: Opening): JournalBoot => ({ n, id, base });

function parseMark<T>(db: Connection, key: Key, schema: z.ZodType<T>): T | undefined {
  const text = readMark(db, key);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UnusableFileError(`its mark "${key}" is unreadable`, { cause: error });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new UnusableFileError(`its mark "${key}" makes no sense`);
  return parsed.data;
}
