/**
 * The sensing contract: deterministic objects that turn readings into stock events. No I/O, no clock of their
 * own. What must survive a crash is asked for as checkpoints, small rows that the journal commits together with
 * the events; `restore` takes them back after a restart.
 */
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import type { Reading } from '../../protocol/readings/reading.ts';

export interface SensingOutput {
  readonly events: StockEvent[];
  /** Rows to write. Keys start with `<readPoint>/`. */
  readonly put: CheckpointRow[];
  /** Keys to delete; a key ending in `/` deletes everything below it. Applied before `put`. */
  readonly drop: string[];
}

export interface CheckpointRow {
  readonly key: string;
  /** JSON text. */
  readonly body: string;
}

export interface Sensor {
  readonly readPoint: string;
  onReading(reading: Reading, now: number): SensingOutput;
  onTick(now: number): SensingOutput;
  nextTickAt(): number | undefined;
  /** Called once, before the first reading, with this read point's rows. May emit what fell due in the meantime. */
  restore(rows: readonly CheckpointRow[], now: number): SensingOutput;
  /** For the status page: the state in words and, where there is one, the last value. */
  status(): SensorStatus;
}

export interface SensorStatus {
  readonly readPoint: string;
  readonly kind: string;
  readonly state: string;
  readonly lastReadingAt?: number;
  readonly counters: Readonly<Record<string, number>>;
}

export const NO_OUTPUT: SensingOutput = { events: [], put: [], drop: [] };
