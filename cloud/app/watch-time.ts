/** What no event reports, checked by our clock: probes that fell silent, windows that ended, events that wait for a clock. */
import type { Clock } from '../../protocol/ports/clock.ts';
import type { LiveBus } from '../api/http/live.ts';
import { checkSilence } from '../fleet/silence.ts';
import { sweepShipments } from '../inventory/shipments/shipments.ts';
import type { Site } from '../site/site.ts';
import type { Store } from '../store/database.ts';
import { periodically } from './periodic.ts';

const LOOK_EVERY_MS = 30_000;
/** The first look also finds the windows that ended while no cloud was running. */
const FIRST_LOOK_BACK_MS = 31 * 86_400_000;

interface TimeWatch {
  readonly counters: { timeChecksFailed: number };
  stop(): Promise<void>;
}

export function watchTime(dependencies: {
  readonly store: Store;
  readonly site: Site;
  readonly clock: Clock;
  readonly live: LiveBus;
  /** Events that wait for a good clock of their gateway. */
  readonly checkClocks: () => Promise<void>;
  readonly onTrouble: (event: string, detail: Record<string, unknown>) => void;
}): TimeWatch {
  const { store, site, clock, live, checkClocks, onTrouble } = dependencies;
  const counters = { timeChecksFailed: 0 };
  let judgedUpTo = clock.now() - FIRST_LOOK_BACK_MS;
  const watch = (name: string, task: () => Promise<void>) =>
    periodically(clock, {
      name,
      everyMs: LOOK_EVERY_MS,
      task,
      onError: (error) => {
        counters.timeChecksFailed += 1;
        onTrouble('time-check-failed', { check: name, error });
      },
    });

  const silence = watch('silent probes', async () => {
    live.publish(await checkSilence(store.db, site, clock.now()));
  });
  const windows = watch('shipment windows', async () => {
    // A window is over after its last millisecond: one that ended at the very moment of the last look comes now.
    const window = { since: judgedUpTo - 1, now: clock.now() };
    const changes = await sweepShipments(store.db, window);
    judgedUpTo = window.now;
    live.publish(changes);
  });
  const clocks = watch('waiting clocks', checkClocks);
  return {
    counters,
    stop: async () => {
      await Promise.all([silence.stop(), windows.stop(), clocks.stop()]);
    },
  };
}
