/**
 * Distinguishes a write-ahead log that power tore from one that lost commits. SQLite takes a log up to the first frame whose
 * checksum fails and forgets the rest without a word. After a power cut that is right: the rest was never synced. But
 * when a flipped bit does it, commits that were synced, and acknowledged, are gone, and their seqs would be given
 * out again. With synchronous = FULL each commit is synced before the next is written, so a sound commit frame behind
 * the bad one, followed by a frame that continues its checksum, proves a loss. Only the last three commits of a log
 * can go without a trace here; should they have been sent already, the cloud sees the fork.
 *
 * Log format: sqlite.org/fileformat2.html, section 4 "The Write-Ahead Log".
 */
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { endianness } from 'node:os';

const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC_LITTLE_ENDIAN = 0x377f0682;
const MAGIC_BIG_ENDIAN = 0x377f0683;

type Checksum = readonly [number, number];

interface WalFrame {
  readonly salts: string;
  readonly commits: boolean;
  readonly checksum: Checksum;
}

/** Whether `<file>-wal` has lost commits that had been synced. Reads only. */
export function walLostCommits(file: string): boolean {
  const walFile = `${file}-wal`;
  if (!existsSync(walFile)) return false;
  const wal = readFileSync(walFile);
  const pageBytes = pageBytesOf(file);
  if (wal.length <= WAL_HEADER_BYTES || pageBytes === undefined) return false;
  return new WalScan(wal, pageBytes).lostCommits();
}

class WalScan {
  readonly #wal: Buffer;
  readonly #pageBytes: number;
  readonly #frames: number;
  /** The log in words of the byte order its checksums are made in. */
  readonly #words: Uint32Array;

  constructor(wal: Buffer, pageBytes: number) {
    this.#wal = wal;
    this.#pageBytes = pageBytes;
    this.#frames = Math.floor((wal.length - WAL_HEADER_BYTES) / (FRAME_HEADER_BYTES + pageBytes));
    this.#words = wordsOf(wal, wal.readUInt32BE(0) === MAGIC_BIG_ENDIAN ? 'BE' : 'LE');
  }

  lostCommits(): boolean {
    if (this.#frames === 0) return false;
    const header = this.#headerChecksum();
    // With the header gone all frames are lost; the first one says which belong together.
    const salts = header === undefined ? this.#frame(0).salts : this.#salts(16);
    const broken = header === undefined ? 0 : this.#firstBroken(header, salts);
    for (let n = broken + 1; n + 1 < this.#frames; n++) {
      const frame = this.#frame(n);
      if (!frame.commits || frame.salts !== salts) continue;
      // The frame itself must be sound: a flipped bit can make any look like the end of a commit.
      const sound = this.#continues(n, this.#frame(n - 1).checksum, salts);
      if (sound && this.#continues(n + 1, frame.checksum, salts)) return true;
    }
    return false;
  }

  #firstBroken(header: Checksum, salts: string): number {
    let before = header;
    let n = 0;
    for (; n < this.#frames && this.#continues(n, before, salts); n++) before = this.#frame(n).checksum;
    return n;
  }

  /** Whether frame `n` is sound and was written right behind one with this checksum. */
  #continues(n: number, before: Checksum, salts: string): boolean {
    const frame = this.#frame(n);
    if (frame.salts !== salts) return false;
    const at = this.#at(n);
    const overHeader = this.#sum(before, at, at + 8);
    const body = at + FRAME_HEADER_BYTES;
    return same(this.#sum(overHeader, body, body + this.#pageBytes), frame.checksum);
  }

  /** Undefined when the log's header is damaged. */
  #headerChecksum(): Checksum | undefined {
    const magic = this.#wal.readUInt32BE(0);
    if (magic !== MAGIC_LITTLE_ENDIAN && magic !== MAGIC_BIG_ENDIAN) return undefined;
    const stored: Checksum = [this.#wal.readUInt32BE(24), this.#wal.readUInt32BE(28)];
    return same(this.#sum([0, 0], 0, 24), stored) ? stored : undefined;
  }

  #frame(n: number): WalFrame {
    const at = this.#at(n);
    return {
      salts: this.#salts(at + 8),
      commits: this.#wal.readUInt32BE(at + 4) !== 0,
      checksum: [this.#wal.readUInt32BE(at + 16), this.#wal.readUInt32BE(at + 20)],
    };
  }

  #at(n: number): number {
    return WAL_HEADER_BYTES + n * (FRAME_HEADER_BYTES + this.#pageBytes);
  }

  #salts(at: number): string {
    return this.#wal.toString('latin1', at, at + 8);
  }

  #sum([first, second]: Checksum, from: number, to: number): Checksum {
    const words = this.#words;
    let a = first;
    let b = second;
    for (let at = from / 4; at < to / 4; at += 2) {
      a = (a + (words[at] ?? 0) + b) >>> 0;
      b = (b + (words[at + 1] ?? 0) + a) >>> 0;
    }
    return [a, b];
  }
}

function wordsOf(wal: Buffer, order: 'BE' | 'LE'): Uint32Array {
  const copy = new Uint32Array(Math.floor(wal.length / 4));
  const bytes = Buffer.from(copy.buffer);
  wal.copy(bytes);
  if (order !== endianness()) bytes.swap32();
  return copy;
}

const same = (a: Checksum, b: Checksum) => a[0] === b[0] && a[1] === b[1];

/** From the header of the database; undefined when there is none that makes sense. */
function pageBytesOf(file: string): number | undefined {
  if (!existsSync(file)) return undefined;
  const header = Buffer.alloc(18);
  const handle = openSync(file, 'r');
  try {
    if (readSync(handle, header, 0, header.length, 0) < header.length) return undefined;
  } finally {
    closeSync(handle);
  }
  const stored = header.readUInt16BE(16);
  const bytes = stored === 1 ? 65_536 : stored;
  return bytes >= 512 && (bytes & (bytes - 1)) === 0 ? bytes : undefined;
}
