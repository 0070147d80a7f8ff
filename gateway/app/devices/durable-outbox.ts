/**
 * Between sensing and the journal: keeps what the journal would not take (disk full, I/O error) in order and offers
 * it again, so that a refused append is late and not lost. Bounded: past the limit new entries are refused, and a
 * device that waits for its answer does not get one. What is refused is reported as a gap once the journal takes again.
 * The journal fails everything behind a failed append, so what is held stays in order.
 */
import { laneOf } from '../../../protocol/events/event-kinds.ts';
import type { GapEvent } from '../../../protocol/events/stock-event.ts';
import type { Clock, Timer } from '../../../protocol/ports/clock.ts';
import type { Journal, JournalEntry } from '../../journal/journal.ts';

/** Entries kept while the journal refuses. */
export const MAX_HELD_ENTRIES = 20_000;
const RETRY_MS = 1000;
const MAX_REASON_CHARACTERS = 200;

export interface DurableOutbox {
  /** Resolves once durable; rejects only when the entry was dropped: too many wait, or the outbox was closed. */
  append(entry: JournalEntry): Promise<void>;
  status(): { held: number; refused: number; lastProblem: string | undefined };
  /** Offers what is held once more, at once. From now on nothing is held: what the journal refuses is dropped. */
  close(): void;
}

interface HeldEntry {
  readonly order: number;
  readonly entry: JournalEntry;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Events of one lane that were refused. */
interface Loss {
  lost: number;
  from: number;
  to: number;
}

export function createDurableOutbox(journal: Pick<Journal, 'append'>, clock: Clock): DurableOutbox {
  let held: HeldEntry[] = [];
  let order = 0;
  let inFlight = 0;
  let refused = 0;
  let lastProblem: string | undefined;
  let retry: Timer | undefined;
  let closed = false;
  let losses = new Map<string, Loss>();

  const offer = (one: HeldEntry) => {
    inFlight++;
    journal.append(one.entry).then(
      () => {
        inFlight--;
        if (held.length === 0) {
          reportLosses();
          lastProblem = undefined;
        }
        one.resolve();
      },
      (error: Error) => {
        inFlight--;
        lastProblem = error.message;
        if (closed) refuse(one, error);
        else hold(one);
      },
    );
  };

  /** While anything is held, everything behind it waits too: one retry timer offers all of it again in order. */
  const hold = (one: HeldEntry) => {
    held.push(one);
    retry ??= clock.setTimer(RETRY_MS, 'journal retry', offerHeld);
  };

  const offerHeld = () => {
    retry?.cancel();
    retry = undefined;
    const again = held.toSorted((a, b) => a.order - b.order);
    held = [];
    for (const each of again) offer(each);
  };

  const refuse = (one: Pick<HeldEntry, 'entry' | 'reject'>, error: Error) => {
    refused++;
    for (const event of one.entry.events) {
      const lane = laneOf(event.type);
      const at = event.occurredAt;
      const loss = losses.get(lane) ?? { lost: 0, from: at, to: at };
      losses.set(lane, {
        lost: loss.lost + 1,
        from: Math.min(loss.from, at),
        to: Math.max(loss.to, at),
      });
    }
    one.reject(error);
  };

  const reportLosses = () => {
    if (losses.size === 0) return;
    const reason = `the journal took nothing and too many entries waited: ${lastProblem}`;
    const events = [...losses].map(
      ([lane, loss]): GapEvent => ({
        type: 'gap',
        occurredAt: clock.now(),
        scope: 'lane',
        lane,
        ...loss,
        reason: reason.slice(0, MAX_REASON_CHARACTERS),
      }),
    );
    losses = new Map();
    offer({ order: order++, entry: { events, put: [], drop: [] }, resolve: () => {}, reject: () => {} });
  };

  return {
    append(entry) {
      return new Promise((resolve, reject) => {
        if (held.length + inFlight >= MAX_HELD_ENTRIES) {
          const reason = `the journal takes nothing (${lastProblem}) and ${MAX_HELD_ENTRIES} entries wait`;
          refuse({ entry, reject }, new Error(reason));
          return;
        }
        const one = { order: order++, entry, resolve, reject };
        if (held.length > 0) hold(one);
        else offer(one);
      });
    },
    status: () => ({ held: held.length, refused, lastProblem }),
    close() {
      closed = true;
      offerHeld();
    },
  };
}
