/** What many seeds came to: the last line of a run. */
import type { FaultKind } from './faults/fault-kinds.ts';
import type { SeedResult } from './run-seed.ts';
import { VIOLATION_KINDS, type ViolationKind } from './violations.ts';

export class Summary {
  readonly #counts = new Map<ViolationKind, number>(VIOLATION_KINDS.map((kind) => [kind, 0]));
  readonly #faults = new Map<FaultKind, number>();
  readonly #failed: number[] = [];
  #seeds = 0;
  #crashes = 0;
  #events = 0;
  #batches = 0;
  #virtualMs = 0;

  add(result: SeedResult): void {
    this.#seeds++;
    this.#crashes += result.crashes;
    this.#events += result.events;
    this.#batches += result.batches;
    this.#virtualMs += result.virtualMs;
    for (const { kind } of result.violations) this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    for (const [kind, count] of Object.entries(result.faults)) {
      this.#faults.set(kind as FaultKind, (this.#faults.get(kind as FaultKind) ?? 0) + count);
    }
    if (result.violations.length > 0) this.#failed.push(result.seed);
  }

  get seeds(): number {
    return this.#seeds;
  }

  get failed(): readonly number[] {
    return this.#failed;
  }

  toJSON(): Record<string, unknown> {
    return {
      seeds: this.#seeds,
      ...Object.fromEntries(this.#counts),
      faults: Object.fromEntries([...this.#faults].sort(([a], [b]) => (a < b ? -1 : 1))),
      crashes: this.#crashes,
      events: this.#events,
      batches: this.#batches,
      virtualHours: Math.round(this.#virtualMs / 360_000) / 10,
      failed: this.#failed,
    };
  }
}
