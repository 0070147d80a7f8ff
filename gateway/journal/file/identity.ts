/**
 * The open file's identity: its epoch, this opening, and whether the cloud has refused it. Writes marks through the
 * store's connection, each change in a durable commit of its own; see file-marks.ts for what they mean.
 */

import type { ForkMark, JournalBoot } from '../journal.ts';
import { mapSqliteError } from '../journal-error.ts';
import type { Connection } from './connection.ts';
import {
  bootOf,
  type FileMarks,
  type LaneSeqs,
  type Opening,
  recordFork,
  recordHandedOut,
  recordOpening,
  writeMark,
} from './file-marks.ts';

export class FileIdentity {
  readonly epoch: string;
  readonly boot: JournalBoot;
  readonly #db: Connection;
  #marks: FileMarks;
  #opening: Opening;

  /** Counts the opening; a file that knows no machine yet is given this one. */
  constructor(
    db: Connection,
    marks: FileMarks,
    opened: { readonly id: string; readonly host: string | undefined; readonly lastSeqs: LaneSeqs },
  ) {
    this.#db = db;
    this.epoch = marks.epoch;
    this.#opening = this.#durably(() => {
      if (marks.host === undefined && opened.host !== undefined) writeMark(db, 'host', opened.host);
      return recordOpening(db, marks, opened.id, opened.lastSeqs);
    });
    this.#marks = { ...marks, opening: this.#opening };
    this.boot = bootOf(this.#opening);
  }

  get forked(): ForkMark | undefined {
    const fork = this.#marks.forked;
    return fork && { at: fork.at, detail: fork.detail };
  }

  /** To be called before the first events leave the journal. */
  handOut(): void {
    if (this.#opening.handedOut) return;
    this.#opening = this.#durably(() => recordHandedOut(this.#db, this.#opening));
  }

  markForked(mark: ForkMark): void {
    const forked = this.#durably(() => recordFork(this.#db, this.#marks, mark));
    this.#marks = { ...this.#marks, forked };
  }

  #durably<T>(work: () => T): T {
    try {
      return this.#db.transaction(work).immediate();
    } catch (error) {
      throw mapSqliteError(error);
    }
  }
}
