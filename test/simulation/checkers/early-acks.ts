/**
 * Nothing is acked early: when an ack leaves the cloud, every event it covers that the gateway ever sent is committed
 * (or set aside as a dead letter), and it covers nothing that was never sent.
 */
import type { Ack } from '../../../protocol/link/ack.ts';
import type { History } from '../history.ts';

export function checkAck(history: History, committed: ReadonlySet<string>, ack: Ack): void {
  const { gateway, epoch, lane: name, upTo } = ack;
  if (ack.refused !== undefined) {
    history.violate(
      'alarms',
      `cloud refuses ${gateway}/${epoch}/${name}: ${ack.refused.code} ${ack.refused.detail}`,
    );
    return;
  }
  const lane = history.laneOf(gateway, epoch, name);
  const early = [...lane.records.values()].filter(({ seq, key }) => seq <= upTo && !committed.has(key));
  if (early.length > 0) {
    const first = early.map(({ seq }) => seq).join(', ');
    history.violate('ackedEarly', `ack ${upTo} of ${gateway}/${epoch}/${name}: not committed are ${first}`);
  }
  const unsent = firstHole(lane.ranges, upTo);
  if (unsent !== undefined) {
    history.violate(
      'ackedEarly',
      `ack ${upTo} of ${gateway}/${epoch}/${name} covers ${unsent}, which was never sent`,
    );
  }
}

/** The first seq up to `upTo` that no range covers. */
function firstHole(ranges: readonly (readonly [number, number])[], upTo: number): number | undefined {
  let next = 1;
  for (const [first, last] of ranges.toSorted(([a], [b]) => a - b)) {
    if (first > next) break;
    next = Math.max(next, last + 1);
  }
  return next <= upTo ? next : undefined;
}
