/**
 * How late this process's event loop is: the 99th percentile over the last full ten seconds (in the first ten, of
 * what there is). Node's histogram holds the time between two beats of a timer, so the beat itself is taken off.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const BEAT_MS = 10;
const WINDOW_MS = 10_000;

interface EventLoopDelay {
  p99Seconds(): number;
  stop(): void;
}

export function watchEventLoopDelay(): EventLoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: BEAT_MS });
  const measured = () => Math.max(0, histogram.percentile(99) / 1e9 - BEAT_MS / 1000);
  let lastWindow: number | undefined;
  histogram.enable();
  const timer = setInterval(() => {
    lastWindow = measured();
    histogram.reset();
  }, WINDOW_MS);
  timer.unref();
  return {
    p99Seconds: () => lastWindow ?? measured(),
    stop() {
      clearInterval(timer);
      histogram.disable();
    },
  };
}
