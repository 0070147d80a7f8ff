/**
 * The cloud has refused a journal: it is a copy, or came back from a backup, and other events stand in the ledger under
 * its names. Kept durably in the journal, so that a restart does not begin sending again; the first detail stays.
 */
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Journal } from '../../journal/journal.ts';

const MARK_RETRY_MS = 5000;

interface EpochRefusal {
  readonly epoch: string;
  readonly detail: string;
}

export class JournalRefusal {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #onFailed: (error: unknown) => void;
  #refusal: EpochRefusal | undefined;

  constructor(journal: Journal, clock: Clock, onFailed: (error: unknown) => void) {
    this.#journal = journal;
    this.#clock = clock;
    this.#onFailed = onFailed;
  }

  /** Undefined: this epoch may be sent. */
  of(epoch: string): EpochRefusal | undefined {
    return this.#refusal?.epoch === epoch ? this.#refusal : undefined;
  }

  /** The journal was marked before. */
  known(epoch: string, detail: string): void {
    this.#refusal = { epoch, detail };
  }

  /** The cloud says so. */
  record(epoch: string, detail: string): void {
    if (this.of(epoch) !== undefined) return;
    this.#refusal = { epoch, detail };
    this.#mark(epoch, detail);
  }

  #mark(epoch: string, detail: string): void {
    this.#journal.markForked(detail).catch((error: unknown) => {
      this.#onFailed(error);
      this.#clock.setTimer(MARK_RETRY_MS, 'journal refusal', () => {
        if (this.#journal.epoch === epoch) this.#mark(epoch, detail);
      });
    });
  }
}
