/**
 * A row of a lane table: the events of one lane that were committed together, at most PACK_EVENTS of them. `seq` is the
 * last one's; `events` is how many the row was made of. Packing is what makes a small commit cheap for the flash: ten
 * samples are 400 bytes and not 2,700, so that a commit dirties one page and not three.
 *
 * `body` is one of
 *   text  one event: its sealed JSON (stored-event.ts), readable as it stands; also what format 1 wrote.
 *   blob  CRC-32 of the rest (4 bytes, big-endian), then raw DEFLATE (RFC 1951) of the events' JSON, a line each, the
 *         last line belonging to `seq` and each earlier one to the seq before. An empty line is a seq without an event:
 *         thinned, or given up as unreadable.
 *   00000000  nothing, sealed: the tombstone of an unreadable row.
 */
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { seal, unseal, withoutSeal } from './sealed.ts';

/** Bounds what one damaged page can take along. */
const PACK_EVENTS = 32;
const PACK_BYTES = 64 * 1024;
/** A single event is packed only when it is larger. */
const PLAIN_BYTES = 1024;
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;
const CRC_BYTES = 4;
export const TOMBSTONE = seal('');
/** Stands for an event that cannot be read: no stored event decodes from it. */
const UNREADABLE = '?';

/** One event: its seq and its sealed JSON. */
export interface StoredRow {
  readonly seq: number;
  readonly body: string;
}

export interface PackedRow {
  readonly seq: number;
  readonly body: string | Buffer;
  readonly events: number;
}

/** The body of a row that ends at `seq`; `rows` ascend and may leave out seqs. */
export function packBody(seq: number, rows: readonly StoredRow[]): string | Buffer {
  const [first] = rows;
  if (first === undefined) return TOMBSTONE;
  if (first.seq === seq && first.body.length <= PLAIN_BYTES) return first.body;
  const lines: string[] = [];
  let next = first.seq;
  for (const row of rows) {
    for (; next < row.seq; next++) lines.push('');
    lines.push(withoutSeal(row.body));
    next++;
  }
  for (; next <= seq; next++) lines.push('');
  const packed = deflateRawSync(lines.join('\n'), { level: 1 });
  const body = Buffer.allocUnsafe(CRC_BYTES + packed.length);
  body.writeUInt32BE(crc32(packed), 0);
  packed.copy(body, CRC_BYTES);
  return body;
}

/** The events of a row, oldest first; undefined when it cannot be read. */
export function unpackRow({ seq, body }: PackedRow): StoredRow[] | undefined {
  if (body === TOMBSTONE) return [];
  if (typeof body === 'string') {
    // A damaged text may have been a row of several: its type can be damaged like all else.
    return unseal(body) === undefined ? undefined : [{ seq, body }];
  }
  // A column can hold anything in a damaged file.
  if (!Buffer.isBuffer(body) || body.length <= CRC_BYTES) return undefined;
  const packed = body.subarray(CRC_BYTES);
  if (crc32(packed) !== body.readUInt32BE(0)) return undefined;
  const lines = inflateRawSync(packed, { maxOutputLength: MAX_UNPACKED_BYTES }).toString('utf8').split('\n');
  const first = seq - lines.length + 1;
  const rows: StoredRow[] = [];
  for (const [index, json] of lines.entries()) {
    if (json !== '') rows.push({ seq: first + index, body: seal(json) });
  }
  return rows;
}

/**
 * As `unpackRow`, with a stand-in for each event that a row which cannot be read may have held. `previousSeq` is what
 * comes before the row, or what is pruned.
 */
export function unpackOrMark(row: PackedRow, previousSeq: number): StoredRow[] {
  const rows = unpackRow(row);
  if (rows !== undefined) return rows;
  const length = mayHaveHeld(row, previousSeq);
  return Array.from({ length }, (_, n) => ({ seq: row.seq - length + 1 + n, body: UNREADABLE }));
}

/**
 * At most so many events were in a row that cannot be read. Its own count may be damaged with it, so the seqs since
 * the row before count too: rather one too many is declared lost than one too few.
 */
export function mayHaveHeld({ seq, events }: PackedRow, previousSeq: number): number {
  const isSound = Number.isInteger(events) && events >= 1 && events <= PACK_EVENTS;
  const span = Math.min(PACK_EVENTS, Math.max(1, seq - previousSeq));
  return Math.min(seq, Math.max(isSound ? events : 1, span));
}

/** Cuts what is to be stored into rows of bounded size. */
export function packRows(rows: readonly StoredRow[]): PackedRow[] {
  const packed: PackedRow[] = [];
  let part: StoredRow[] = [];
  let bytes = 0;
  const close = () => {
    const last = part.at(-1);
    if (last !== undefined)
      packed.push({ seq: last.seq, body: packBody(last.seq, part), events: part.length });
    part = [];
    bytes = 0;
  };
  for (const row of rows) {
    if (part.length === PACK_EVENTS || bytes + row.body.length > PACK_BYTES) close();
    part.push(row);
    bytes += row.body.length;
  }
  close();
  return packed;
}
