/** Everything between devices and gateway, in order: hashed, and written down when someone wants a recording. */
import { createHash } from 'node:crypto';

export type TraceEntry =
  | {
      readonly at: number;
      readonly device: string;
      readonly bytes: string;
      readonly to: 'gateway' | 'device';
    }
  | {
      readonly at: number;
      readonly device: string;
      readonly topic: string;
      readonly payload: string;
      readonly retained: boolean;
      /** Absent on what the device published. */
      readonly to?: 'device' | undefined;
    }
  | { readonly at: number; readonly device: string; readonly line: 'open' | 'closed' };

export interface Trace {
  add(entry: TraceEntry): void;
  /** Folds in anything else that must repeat with the same seed. */
  note(text: string): void;
  digest(): string;
}

export function createTrace(onEntry?: (entry: TraceEntry) => void): Trace {
  const hash = createHash('sha256');
  return {
    add(entry) {
      hash.update(`${JSON.stringify(entry)}\n`);
      onEntry?.(entry);
    },
    note: (text) => hash.update(`${text}\n`),
    digest: () => hash.copy().digest('hex'),
  };
}
