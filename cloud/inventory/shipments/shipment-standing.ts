/**
 * How a shipment stands: over and short per line, its status, and the exceptions that follow once its window has
 * passed or a person has closed it. PURE. The ids are deterministic: late events that complete it withdraw them.
 */
import { exceptionId } from '../../exceptions/exception-id.ts';
import type { ExceptionRow } from '../../exceptions/raise.ts';

export interface LineCount {
  readonly line: number;
  readonly expected: number;
  readonly actual: number;
}

export interface ShipmentCounts {
  readonly id: string;
  readonly readPoint: string;
  readonly reference: string;
  readonly kind: string;
  readonly expectedTo: number;
  readonly closedAt: number | null;
  readonly lines: readonly LineCount[];
  readonly unexpected: number;
}

type ShipmentStatus = 'expected' | 'in_progress' | 'complete' | 'discrepant';

export function statusOf(counts: ShipmentCounts, now: number): ShipmentStatus {
  if (!differs(counts)) return 'complete';
  if (isOver(counts, now)) return 'discrepant';
  return counts.unexpected > 0 || counts.lines.some((line) => line.actual > 0) ? 'in_progress' : 'expected';
}

/** The ids that may stand for a shipment. */
export function shipmentExceptionIds(shipment: string): string[] {
  return [exceptionId('SHIPMENT_SHORT', shipment), exceptionId('SHIPMENT_OVER', shipment)];
}

export function shipmentExceptions(counts: ShipmentCounts, now: number): ExceptionRow[] {
  if (!isOver(counts, now)) return [];
  const short = counts.lines.filter((line) => line.actual < line.expected);
  const over = counts.lines.filter((line) => line.actual > line.expected);
  return [
    ...(short.length > 0 ? [exceptionRow('SHIPMENT_SHORT', counts, { lines: short })] : []),
    ...(over.length > 0 || counts.unexpected > 0
      ? [exceptionRow('SHIPMENT_OVER', counts, { lines: over, unexpected: counts.unexpected })]
      : []),
  ];
}

function differs(counts: ShipmentCounts): boolean {
  return counts.unexpected > 0 || counts.lines.some((line) => line.actual !== line.expected);
}

function isOver({ closedAt, expectedTo }: ShipmentCounts, now: number): boolean {
  return closedAt !== null || now > expectedTo;
}

function exceptionRow(
  kind: 'SHIPMENT_SHORT' | 'SHIPMENT_OVER',
  { id, readPoint, reference, kind: direction, closedAt, expectedTo }: ShipmentCounts,
  detail: Record<string, unknown>,
): ExceptionRow {
  return {
    id: exceptionId(kind, id),
    kind,
    subject: id,
    location: null,
    readPoint,
    raisedAt: closedAt === null ? expectedTo : Math.min(closedAt, expectedTo),
    detail: { shipment: id, reference, direction, ...detail },
  };
}
