/**
 * A file of ballast beside the journal, given back when the disk is full, so that what makes room can still be
 * written: gap events, prunes, checkpoints. 16 MiB hold the write-ahead log at its limit (4 MiB), as much again that a
 * checkpoint may append to the database, and both once more in the making. Its bytes do not compress and are really
 * written: a sparse file or a file of zeros reserves nothing on some file systems. Nothing but this file may delete it.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Surroundings } from './disk-room.ts';

export const DEFAULT_RESERVE_BYTES = 16 * 1024 * 1024;
const BLOCK_BYTES = 64 * 1024;
/** Taken back only when so many times its size are free: not at once again when others write a little. */
const ROOM_FACTOR = 4;

export class DiskReserve {
  readonly #file: string;
  readonly #bytes: number;
  readonly #surroundings: Surroundings;
  #held: boolean;

  /** `bytes` 0: none is kept. */
  constructor(journalFile: string, bytes: number, surroundings: Surroundings) {
    this.#file = `${journalFile}.reserve`;
    this.#bytes = bytes;
    this.#surroundings = surroundings;
    this.#held = bytes > 0 && surroundings.sizeOf(this.#file) === bytes;
  }

  get held(): boolean {
    return this.#held;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** True when there was something to give back. */
  release(): boolean {
    if (!this.#held) return false;
    rmSync(this.#file, { force: true });
    this.#held = false;
    return true;
  }

  /** Takes the reserve when there is ample room; whether it is held. */
  take(): boolean {
    if (this.#held || this.#bytes === 0) return this.#held;
    // What a start cut short has left behind is of another size.
    rmSync(this.#file, { force: true });
    if (this.#surroundings.freeBytes(dirname(this.#file)) < ROOM_FACTOR * this.#bytes) return false;
    this.#held = this.#write();
    return this.#held;
  }

  #write(): boolean {
    const handle = openSync(this.#file, 'w');
    try {
      for (let written = 0; written < this.#bytes; ) {
        const length = Math.min(BLOCK_BYTES, this.#bytes - written);
        written += writeSync(handle, incompressible(written, length));
      }
      fsyncSync(handle);
      return true;
    } catch {
      // Others took the room in the meantime: then there is none to reserve, and half a reserve helps nobody.
      ftruncateSync(handle, 0);
      return false;
    } finally {
      closeSync(handle);
    }
  }
}

/** Bytes of a xorshift generator (Marsaglia 2003) that starts anew with each block. */
function incompressible(seed: number, length: number): Buffer {
  const block = Buffer.alloc(length);
  let state = (seed ^ 0x9e3779b9) | 1;
  for (let at = 0; at + 4 <= length; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    block.writeInt32LE(state | 0, at);
  }
  return block;
}
