/** What a seed stands for: how large the site is, how long it works, and which faults it suffers. */
import { seededRandom } from '../../protocol/ports/random.ts';
import { drawStrengths, type FaultStrengths } from './faults/fault-kinds.ts';

const MINUTE_MS = 60_000;

export interface Plan {
  readonly seed: number;
  readonly gateways: readonly string[];
  /** How long the site works and faults happen; then everything heals. */
  readonly durationMs: number;
  /** Things the edge sees, over all gateways. */
  readonly acts: number;
  readonly faults: FaultStrengths;
  /** Ingest processes on one database; more than one needs a server. */
  readonly cloudWorkers: number;
}

interface Engines {
  readonly concurrent: boolean;
}

export function drawPlan(seed: number, engines: Engines): Plan {
  const random = seededRandom(seed, 'plan');
  const gateways = random.pick([1, 1, 2, 2, 3]);
  const minutes = random.integer(10, 40);
  const acts = random.integer(12, 55);
  const workers = random.integer(1, 3);
  return {
    seed,
    gateways: Array.from({ length: gateways }, (_, index) => `gw-${index + 1}`),
    durationMs: minutes * MINUTE_MS,
    acts,
    cloudWorkers: engines.concurrent ? workers : 1,
    faults: drawStrengths(seededRandom(seed, 'swarm')),
  };
}
