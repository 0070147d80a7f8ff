/**
 * Between sensing and the journal: keeps what the journal would not take (disk full, I/O error) in order and offers
 * it again, so that a refused append is late and not lost. Bounded: past the limit new entries are refused and
 * counted, and a device that waits for its answer does not get one.
 */
import type { Clock } from '../../protocol/ports/clock.ts';
import type { Journal, JournalEntry } from '../journal/journal.ts';

/** Entries kept while the journal refuses. */
export const MAX_HELD_ENTRIES = 20_000;
const RETRY_MS = 1000;

export interface DurableOutbox {
  /** Resolves once durable; rejects only when the entry was dropped because too many wait. */
  append(entry: JournalEntry): Promise<void>;
  status(): { held: number; refused: number; lastProblem: string | undefined };
  close(): void;
}

interface Held {
  readonly order: number;
  readonly entry: JournalEntry;
  readonly resolve: () => void;
}

export function createDurableOutbox(journal: Journal, clock: Clock): DurableOutbox {
  let held: Held[] = [];
  let order = 0;
  let inFlight = 0;
  let refused = 0;
  let lastProblem: string | undefined;
  let closed = false;

  const offer = (one: Held) => {
    inFlight++;
    journal.append(one.entry).then(
      () => {
        inFlight--;
        if (held.length === 0) lastProblem = undefined;
        one.resolve();
      },
      (error: Error) => {
        inFlight--;
        lastProblem = error.message;
        hold(one);
      },
    );
  };

  /** While anything is held, everything behind it waits too: one retry timer offers all of it again in order. */
  const hold = (one: Held) => {
    if (held.length === 0 && !closed) {
      clock.setTimer(RETRY_MS, 'journal retry', () => {
        const again = held.toSorted((a, b) => a.order - b.order);
        held = [];
        for (const each of again) offer(each);
      });
    }
    held.push(one);
  };

  return {
    append(entry) {
      if (held.length + inFlight >= MAX_HELD_ENTRIES) {
        refused++;
        const reason = `the journal takes nothing (${lastProblem}) and ${MAX_HELD_ENTRIES} entries wait`;
        return Promise.reject(new Error(reason));
      }
      return new Promise((resolve) => {
        const one = { order: order++, entry, resolve };
        if (held.length > 0) hold(one);
        else offer(one);
      });
    },
    status: () => ({ held: held.length, refused, lastProblem }),
    close() {
      closed = true;
    },
  };
}
