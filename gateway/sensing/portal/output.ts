/**
 * What one call into the portal leads to, collected in the order in which it comes about. The journal applies drops
 * before puts, so a drop also takes back what this same call has put below it before. Allocates nothing as long as
 * nothing comes about.
 */
import type { StockEvent } from '../../../protocol/events/stock-event.ts';
import { type CheckpointRow, NO_OUTPUT, type SensingOutput } from '../sensor.ts';

export interface OutputCollector {
  emit(event: StockEvent): void;
  put(row: CheckpointRow): void;
  /** A key that ends in `/` stands for all below it. */
  drop(key: string): void;
  /** Everything since the last call. */
  take(): SensingOutput;
}

export function createOutputCollector(): OutputCollector {
  let collected: SensingOutput | undefined;
  const out = (): SensingOutput => {
    collected ??= { events: [], put: [], drop: [] };
    return collected;
  };
  return {
    emit: (event) => void out().events.push(event),
    put: (row) => void out().put.push(row),
    drop(key) {
      const { put, drop } = out();
      const isGone = (row: CheckpointRow) =>
        row.key === key || (key.endsWith('/') && row.key.startsWith(key));
      if (put.some(isGone)) put.splice(0, put.length, ...put.filter((row) => !isGone(row)));
      drop.push(key);
    },
    take() {
      const taken = collected ?? NO_OUTPUT;
      collected = undefined;
      return taken;
    },
  };
}
