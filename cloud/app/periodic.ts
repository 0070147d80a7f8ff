/** A task at intervals: never twice at once, a failure is reported and the next turn comes, `stop` waits for it. */
import type { Clock } from '../../protocol/ports/clock.ts';

export interface Periodic {
  stop(): Promise<void>;
}

export function periodically(
  clock: Clock,
  options: {
    readonly name: string;
    readonly everyMs: number;
    readonly task: () => Promise<void>;
    readonly onError: (error: unknown) => void;
  },
): Periodic {
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let timer = clock.setTimer(options.everyMs, options.name, turn);
  function turn() {
    running = clock.track(
      options
        .task()
        .catch(options.onError)
        .then(() => {
          if (!stopped) timer = clock.setTimer(options.everyMs, options.name, turn);
        }),
    );
  }
  return {
    async stop() {
      stopped = true;
      timer.cancel();
      await running;
    },
  };
}
