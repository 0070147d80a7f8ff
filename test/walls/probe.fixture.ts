/** A probe: what breaks one wall. */

import type { CodeRoom, WallRule } from './room.ts';

/** Files that break one wall, put into the real tree; the rule must name the first of them, or the file in `at`. */
export interface WallProbe {
  readonly what: string;
  readonly rule: WallRule;
  readonly files: Readonly<Record<string, string>>;
  readonly at?: string;
  /** What a reader of the message must find in it. */
  readonly says?: string;
  readonly table?: readonly CodeRoom[];
}
