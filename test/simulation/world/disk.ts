/**
 * The folder a gateway keeps its journal in, as a disk would have it: what processes wrote, and what of that was
 * synced. A kill leaves all that was written. A power cut leaves what was synced and a random part of the rest of the
 * log, torn at any byte, with flipped bits.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../../protocol/ports/random.ts';
import { connectionsIn, syncingOf } from './connections.ts';

export type Image = ReadonlyMap<string, Buffer>;

const LOG = /-wal$/;

export class Disk {
  readonly folder: string;
  readonly #random: Random;
  readonly #powerCuts: boolean;
  #synced: Image = new Map();
  /** The image before the last piece of work. */
  #before: Image = new Map();

  /** `powerCuts`: whether there will be any; without them nothing needs to be remembered. */
  constructor(folder: string, random: Random, powerCuts: boolean) {
    this.folder = folder;
    this.#random = random;
    this.#powerCuts = powerCuts;
    mkdirSync(folder, { recursive: true });
  }

  written(): Image {
    const files = readdirSync(this.folder).filter((name) => !name.endsWith('-shm'));
    return new Map(files.map((name) => [name, readFileSync(join(this.folder, name))]));
  }

  /** To be called after each piece of work on the files. */
  worked(): void {
    if (!this.#powerCuts) return;
    const now = this.written();
    this.#before = this.#synced;
    const syncing = connectionsIn(this.folder).map(syncingOf);
    if (syncing.every(({ atCommit }) => atCommit)) this.#synced = now;
    else if (syncing.every(({ atCheckpoint }) => atCheckpoint) && checkpointed(this.#synced, now)) {
      this.#synced = now;
    }
  }

  /** Somebody was notified of the work: from now on it must not be undone. */
  notified(): void {
    this.#before = this.#synced;
  }

  /** What the disk holds when power goes right now; `working`: before anybody was notified of the last piece of work. */
  afterPowerCut(working: boolean): Image {
    const now = this.written();
    const base = working && this.#random.next() < 0.7 ? this.#before : this.#synced;
    return new Map(
      [...base].map(([name, bytes]) => [name, LOG.test(name) ? this.#torn(bytes, now.get(name)) : bytes]),
    );
  }

  /** Puts the files back as the image has them. */
  restore(image: Image): void {
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(this.folder, { recursive: true });
    for (const [name, bytes] of image) writeFileSync(join(this.folder, name), bytes);
    if (this.#powerCuts) this.#before = this.#synced = image;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The synced log and a part of what was appended to it since. */
  #torn(synced: Buffer, written: Buffer | undefined): Buffer {
    if (written === undefined || written.length <= synced.length) return synced;
    if (!written.subarray(0, synced.length).equals(synced)) return synced;
    const random = this.#random;
    const torn = Buffer.from(written.subarray(0, random.integer(synced.length, written.length)));
    for (let flips = random.integer(0, 3); flips > 0 && torn.length > synced.length; flips--) {
      const at = random.integer(synced.length, torn.length - 1);
      torn[at] = (torn[at] ?? 0) ^ (1 << random.integer(0, 7));
    }
    return torn;
  }
}

/** The log was carried into the database: all of it was synced before. */
function checkpointed(before: Image, now: Image): boolean {
  return [...now].some(([name, bytes]) => !LOG.test(name) && before.get(name)?.equals(bytes) !== true);
}
