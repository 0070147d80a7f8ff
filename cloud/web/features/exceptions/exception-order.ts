/** The order in which exceptions want to be seen. Pure. */
import type { Exception } from '../../../contract/exceptions.ts';

const SEVERITY_RANK: Readonly<Record<Exception['severity'], number>> = { critical: 0, warning: 1, info: 2 };
const STATUS_RANK: Readonly<Record<Exception['status'], number>> = {
  raised: 0,
  acknowledged: 1,
  resolved: 2,
  withdrawn: 3,
};

interface OrderedExceptions {
  /** Somebody has something to do: decide it, or release what it holds. */
  readonly open: Exception[];
  readonly done: Exception[];
}

export function orderExceptions(exceptions: readonly Exception[]): OrderedExceptions {
  const ordered = [...exceptions].sort(
    (a, b) =>
      STATUS_RANK[a.status] - STATUS_RANK[b.status] ||
      SEVERITY_RANK[a.severity] - SEVERITY_RANK[b.severity] ||
      Date.parse(b.raisedAt) - Date.parse(a.raisedAt) ||
      a.id.localeCompare(b.id),
  );
  return { open: ordered.filter(isOpen), done: ordered.filter((exception) => !isOpen(exception)) };
}

function isOpen({ status, holds }: Pick<Exception, 'status' | 'holds'>): boolean {
  return status === 'raised' || status === 'acknowledged' || (status === 'resolved' && holds.active > 0);
}
