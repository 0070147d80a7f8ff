/** What a figure of the benchmark is: measured in one run together with its floor, printed as a JSON line. */

export interface BenchLine {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The same work done the barest way, and what that way is. */
  readonly floor?: number;
  readonly floorName?: string;
  /** value / floor. */
  readonly ratio?: number;
  /** What the design asks for, in words. */
  readonly budget?: string;
  /** Whether the budget was met in this run; left out where there is none. */
  readonly met?: boolean;
}

export interface BenchOptions {
  /** A short form for CI: smaller loads, the same code. */
  readonly quick: boolean;
}

export interface Figure {
  readonly name: string;
  readonly about: string;
  run(options: BenchOptions): Promise<BenchLine[]>;
}

/** Percentile of unsorted samples: the smallest value that at least `share` of them do not exceed. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/** Three significant digits: more would pretend. */
export function rounded(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
}
