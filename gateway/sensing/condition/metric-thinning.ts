/**
 * Thins one metric's stream without bending its curve. Kept: the first value, every change by the dead band since
 * the last kept value, every crossing of a limit (both ways) at once, and one value per heartbeat.
 * Between kept samples a reader may draw a straight line. On a slow ramp that line is true to the dead band. On a
 * step it is not: it would show a long slope where the value stood still and then jumped, and an excursion would
 * seem to begin minutes early. So when one sample alone makes the jump, and at every limit crossing, the last
 * suppressed sample is emitted before it; likewise before a fault or silence, to show how far the curve is known.
 * A sample older than the newest one is kept as it is: there is no neighbour here to thin it against.
 */
import type { SampleEvent } from '../../../protocol/events/stock-event.ts';

interface MetricLimits {
  readonly deadBandMilli: number;
  readonly lowMilli?: number | undefined;
  readonly highMilli?: number | undefined;
}

export interface KeptSample {
  readonly at: number;
  readonly valueMilli: number;
  readonly reason: SampleEvent['reason'];
}

interface Point {
  readonly at: number;
  readonly valueMilli: number;
}

export interface MetricThinning {
  onValue(valueMilli: number, at: number): KeptSample[];
  /** The curve breaks off here: gives up the suppressed end of it; the next value is a first one. */
  breakOff(): KeptSample[];
}

export function createMetricThinning(limits: MetricLimits, heartbeatMs: number): MetricThinning {
  let kept: Point | undefined;
  /** Newest sample, kept or not. */
  let newest: Point | undefined;

  const zoneOf = (valueMilli: number): number => {
    if (limits.lowMilli !== undefined && valueMilli < limits.lowMilli) return -1;
    return limits.highMilli !== undefined && valueMilli > limits.highMilli ? 1 : 0;
  };
  const suppressed = (): Point | undefined => (newest === kept ? undefined : newest);

  return {
    onValue(valueMilli, at) {
      const sample = { at, valueMilli };
      const before = newest;
      const anchor = kept;
      if (before === undefined || anchor === undefined) {
        kept = newest = sample;
        return [{ ...sample, reason: 'first' }];
      }
      if (at === before.at && valueMilli === before.valueMilli) return [];
      if (at < before.at) return [{ ...sample, reason: 'change' }];
      const hidden = suppressed();
      newest = sample;
      const crossed = zoneOf(valueMilli) !== zoneOf(before.valueMilli);
      const changed = Math.abs(valueMilli - anchor.valueMilli) >= limits.deadBandMilli;
      if (!crossed && !changed) {
        if (at - anchor.at < heartbeatMs) return [];
        kept = sample;
        return [{ ...sample, reason: 'heartbeat' }];
      }
      kept = sample;
      const one: KeptSample = { ...sample, reason: crossed ? 'crossing' : 'change' };
      const jumped = Math.abs(valueMilli - before.valueMilli) >= limits.deadBandMilli;
      return hidden !== undefined && (crossed || jumped) ? [{ ...hidden, reason: 'change' }, one] : [one];
    },
    breakOff() {
      const hidden = suppressed();
      kept = newest = undefined;
      return hidden === undefined ? [] : [{ ...hidden, reason: 'change' }];
    },
  };
}
