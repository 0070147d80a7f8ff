/** Gaps: a loss that the gateway declares is never silent; each is an exception of its own. No table. */
import { findLane, laneKind } from '../../../protocol/events/lanes.ts';
import type { GapEvent } from '../../../protocol/events/stock-event.ts';
import { exceptionId } from '../../exceptions/exception-id.ts';
import { addException } from '../findings.ts';
import type { Projection } from '../projection.ts';

export const GAP: Projection<GapEvent> = {
  tables: [],
  begin: ({ findings }) => ({
    add(event, { gateway, key }) {
      const { scope, lane = null, device = null, from, to, lost = null, reason } = event;
      const known = findLane(lane ?? undefined);
      addException(findings, {
        id: exceptionId('DATA_GAP', key),
        kind: 'DATA_GAP',
        severity: known === undefined ? 'warning' : laneKind(known).lossSeverity,
        subject: subjectOf(event, gateway),
        location: null,
        readPoint: null,
        raisedAt: event.occurredAt,
        detail: { gateway, scope, lane, device, from, to, lost, reason },
      });
    },
    write: () => Promise.resolve(),
    changes: () => [],
  }),
};

/** Whose loss it is. */
function subjectOf({ scope, lane, device }: GapEvent, gateway: string): string {
  switch (scope) {
    case 'lane':
      return `${gateway}/${lane ?? 'unknown'}`;
    case 'device':
      return device ?? gateway;
  }
}
