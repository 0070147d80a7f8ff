/**
 * The contract of an outside judge: a program that is none of ours and speaks with one of our parts over a real
 * line. Each kind of peer has a folder here with its judges; judges.ts lists them.
 */
export interface InteropJudge {
  /** `<kind>/<program>`, e.g. `llrp/sllurp`. */
  readonly name: string;
  /** What the machine must have; found out before anything is installed or started. */
  readonly needs: readonly Tool[];
  /** Installs the program into `cache`, lets it judge, and returns what it found; throws when it found fault. */
  judge(cache: string): Promise<string>;
}

export interface Tool {
  readonly name: string;
  /** A command that succeeds where the tool works. */
  readonly probe: readonly [command: string, ...args: string[]];
  /** How to get it on Debian. */
  readonly install: string;
}

export type InteropVerdict =
  | { readonly outcome: 'passed'; readonly found: string }
  | { readonly outcome: 'failed'; readonly why: string }
  | { readonly outcome: 'skipped'; readonly why: string };
