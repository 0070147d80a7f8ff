/** Ends a connection that was silent for one and a half times its keep-alive (MQTT 3.1.1 §3.1.2.10). */
import type { Clock, Timer } from '../../../protocol/ports/clock.ts';

const PATIENCE = 1.5;

interface Watched {
  readonly keepAliveSeconds: number;
  /** When the client was last heard, by the monotonic clock. */
  readonly seenAt: number;
}

/** Looks when the silence could first be too long; returns how to stop. */
export function watchKeepAlive(clock: Clock, watched: Watched, onSilence: () => void): () => void {
  const limitMs = watched.keepAliveSeconds * 1000 * PATIENCE;
  let timer: Timer | undefined;
  const look = () => {
    const leftMs = watched.seenAt + limitMs - clock.monotonicMs();
    if (leftMs <= 0) onSilence();
    else timer = clock.setTimer(leftMs, 'mqtt keep-alive', look);
  };
  look();
  return () => timer?.cancel();
}
