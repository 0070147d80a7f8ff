/** What events say that matters beyond their own tables: to shipments, the cold chain, holds, and people. */
import { exceptionId } from '../exceptions/exception-id.ts';
import type { EventExceptionKind } from '../exceptions/kinds.ts';
import type { ExceptionRow } from '../exceptions/raise.ts';
import type { DeviceFact } from '../fleet/device-conditions.ts';
import type { LedgerEvent } from '../ledger/ledger-event.ts';
import type { MovementsTable, SamplesTable } from '../store/tables/projections.ts';

/** An exception that the fold of all events raises again; a rebuild takes back what no event says any more. */
type EventException = ExceptionRow & { readonly kind: EventExceptionKind };

export interface Findings {
  readonly movements: MovementsTable[];
  readonly samples: SamplesTable[];
  readonly deviceFacts: DeviceFact[];
  /** By id; of several that raise the same one the earliest counts. */
  readonly exceptions: Map<string, EventException>;
}

export function newFindings(): Findings {
  return { movements: [], samples: [], deviceFacts: [], exceptions: new Map() };
}

export function addException({ exceptions }: Findings, row: EventException): void {
  const known = exceptions.get(row.id);
  if (known === undefined || row.raisedAt < known.raisedAt) exceptions.set(row.id, row);
}

/** `missing`: what the site would have to have there. */
export function addUnknownReadPoint(
  findings: Findings,
  readPoint: string,
  occurredAt: number,
  missing: 'door' | 'bin' | 'probe',
): void {
  addException(findings, {
    id: exceptionId('READ_POINT_UNKNOWN', missing, readPoint),
    kind: 'READ_POINT_UNKNOWN',
    subject: readPoint,
    location: null,
    readPoint,
    raisedAt: occurredAt,
    detail: { missing },
  });
}

/** No clock ever said the time of this boot: people should know that its times are a guess. */
export function addEstimatedClock(findings: Findings, { gateway, occurredAt, time }: LedgerEvent): void {
  if (time?.quality !== 'estimated') return;
  const { bootId } = time;
  addException(findings, {
    id: exceptionId('CLOCK_ESTIMATED', gateway, bootId),
    kind: 'CLOCK_ESTIMATED',
    subject: gateway,
    location: null,
    readPoint: null,
    raisedAt: occurredAt,
    detail: { gateway, bootId },
  });
}
