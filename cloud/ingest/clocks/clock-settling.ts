/**
 * When events that wait for a good clock are looked at again: as soon as a health batch of their gateway was taken,
 * and by the cloud's own clock. Gateway by gateway: what fails of one stops no other, and is tried again at the next
 * look.
 */
import type { Clock } from '../../../protocol/ports/clock.ts';
import { type Change, distinctChanges } from '../../ledger/change.ts';
import type { ProjectContext } from '../../projections/project.ts';
import type { Store } from '../../store/database.ts';
import { givenUpBoots, raiseClockWaits, readClockWaits } from './clock-waits.ts';
import { type GivenUpBoot, settleClocks } from './settle-clocks.ts';

export interface ClockCounters {
  /** Events that waited for a good clock and have taken effect since. */
  settledEvents: number;
  /** Attempts to let them take effect that failed; they are tried again. */
  clockFailures: number;
}

interface ClockSettlingOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly counters: ClockCounters;
  readonly context: () => ProjectContext;
  readonly onCommitted: (changes: readonly Change[]) => void;
}

export class ClockSettling {
  readonly #options: ClockSettlingOptions;
  /** Gateways whose waiting events may know their time now. */
  readonly #pending = new Set<string>();
  #isBusy = false;
  /** An exception may stand that events wait, also one raised before this process began. */
  #mayBeRaised = true;

  constructor(options: ClockSettlingOptions) {
    this.#options = options;
  }

  /** The clocks of these gateways may say more than before. */
  settleSoon(gateways: readonly string[]): void {
    for (const gateway of gateways) this.#pending.add(gateway);
    if (!this.#isBusy) void this.#settlePending();
  }

  /** By the clock of the cloud: settles what a crash left behind, gives up what waits too long, notifies people. */
  async check(): Promise<void> {
    const { store, clock, onCommitted } = this.#options;
    const waits = await clock.track(readClockWaits(store.db));
    if (waits.length === 0 && !this.#mayBeRaised) return;
    const now = clock.now();
    const failures: unknown[] = [];
    for (const [gateway, boots] of Map.groupBy(waits, (wait) => wait.gateway)) {
      await this.#settle(gateway, givenUpBoots(boots, now)).catch((error: unknown) => failures.push(error));
    }
    const changes = await clock.track(store.db.transaction().execute((trx) => raiseClockWaits(trx, now)));
    this.#mayBeRaised = waits.length > 0;
    if (changes.length > 0) onCommitted(distinctChanges(changes));
    if (failures.length > 0) {
      const [first] = failures;
      const reason = first instanceof Error ? first.message : String(first);
      throw new AggregateError(
        failures,
        `times of ${failures.length} gateways cannot be put right: ${reason}`,
      );
    }
  }

  async #settlePending(): Promise<void> {
    this.#isBusy = true;
    // Those that are added meanwhile come up in the same loop.
    for (const gateway of this.#pending) {
      this.#pending.delete(gateway);
      await this.#settle(gateway).catch(() => {});
    }
    this.#isBusy = false;
  }

  async #settle(gateway: string, givenUp: readonly GivenUpBoot[] = []): Promise<void> {
    const { store, clock, counters, context, onCommitted } = this.#options;
    try {
      for (let more = true; more; ) {
        const settled = await clock.track(
          store.db.transaction().execute((trx) => settleClocks(trx, gateway, context(), givenUp)),
        );
        more = settled.more;
        counters.settledEvents += settled.events;
        if (settled.changes.length > 0) onCommitted(distinctChanges(settled.changes));
      }
    } catch (error) {
      counters.clockFailures += 1;
      throw error;
    }
  }
}
