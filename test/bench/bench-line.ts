/** One figure of the benchmark, printed as a JSON line beside the floor measured in the same run. */
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
}
