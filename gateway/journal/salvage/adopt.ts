/**
 * Takes over a journal file that must not go on as it is: made on another machine that this one replaces, or put back
 * from an image so that the cloud refuses it. Its waiting events go into a file of a new epoch under their
 * original names; the old file is kept. No gateway may be running on it.
 */
import { existsSync } from 'node:fs';
import type { Lane } from '../../../protocol/events/lanes.ts';
import type { Stamp } from '../../../protocol/events/record.ts';
import { openFile } from '../file/layout.ts';
import type { ForkMark } from '../journal.ts';
import { JournalError, UnusableFileError } from '../journal-error.ts';
import { finishReplacing, type Replaced, replaceAdopted, salvage } from './salvage.ts';

interface AdoptOptions {
  /** Path of the SQLite file. */
  readonly file: string;
  readonly stamp: Stamp;
  /** Of the file that takes its place. */
  readonly epoch: string;
  /** Stands for this machine. */
  readonly host: string | undefined;
}

export interface Adoption {
  readonly epoch: string;
  /** Undefined when the old file no longer says. */
  readonly oldEpoch: string | undefined;
  /** Waiting events carried over. */
  readonly events: Readonly<Record<Lane, number>>;
  /** How many of them took new names, because theirs belong to others. */
  readonly renamed: number;
  readonly aside: string;
  readonly forked: ForkMark | undefined;
  /** What was wrong with the old file; reported to the cloud as a gap. */
  readonly damage: string | undefined;
}

/** Throws JournalError `in-use` while a gateway runs on the file, `disk-full` when a copy has no room. */
export function adoptJournal({ file, stamp, epoch, host }: AdoptOptions): Adoption {
  const birth = { epoch, createdAt: stamp.recordedAt, host };
  const context = { birth, stamp };
  finishReplacing(file, context);
  if (!existsSync(file)) throw new JournalError('io', `${file}: there is no journal to adopt`);
  try {
    const { db, marks } = openFile(file, birth, Number.MAX_SAFE_INTEGER, 'take');
    db.close();
    const { forked } = marks;
    const found = { oldEpoch: marks.epoch, forked: forked && { at: forked.at, detail: forked.detail } };
    return adoptionOf(replaceAdopted(file, context), { ...found, damage: undefined });
  } catch (error) {
    if (!(error instanceof UnusableFileError)) throw error;
    const found = { oldEpoch: undefined, forked: undefined, damage: error.message };
    return adoptionOf(salvage(file, error.message, context), found);
  }
}

function adoptionOf(
  replaced: Replaced | undefined,
  found: Pick<Adoption, 'oldEpoch' | 'forked' | 'damage'>,
): Adoption {
  if (replaced === undefined) throw new Error('the journal was replaced by somebody else at the same time');
  return { ...replaced, ...found };
}
