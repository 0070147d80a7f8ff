/**
 * Events of kinds that this version does not know, from newer gateways: they stay with the events, people are asked to
 * update, and the rebuild of a version that knows them lets them take effect and withdraws the exception.
 */
import type { UnknownEvent } from '../../../protocol/events/parse-event.ts';
import { exceptionId } from '../../exceptions/exception-id.ts';
import { addException } from '../findings.ts';
import type { Projection } from '../projection.ts';

export const UNKNOWN: Projection<UnknownEvent> = {
  tables: [],
  begin({ findings }) {
    const types = new Set<string>();
    return {
      add({ type }, { gateway, occurredAt }) {
        types.add(type);
        addException(findings, {
          id: exceptionId('EVENT_KIND_UNKNOWN', gateway, type),
          kind: 'EVENT_KIND_UNKNOWN',
          subject: gateway,
          location: null,
          readPoint: null,
          raisedAt: occurredAt,
          detail: { gateway, type },
        });
      },
      write: () => Promise.resolve(),
      changes: (at) => [...types].map((id) => ({ topic: 'event', at, id })),
    };
  },
};
