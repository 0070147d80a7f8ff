/** What people must look at, what is held, and what they decided. */
import type { Generated } from 'kysely';
import type { JsonColumn } from './columns.ts';

type ExceptionStatus = 'raised' | 'acknowledged' | 'resolved' | 'withdrawn';

interface ExceptionsTable {
  id: string;
  kind: string;
  severity: string;
  subject: string;
  location: string | null;
  read_point: string | null;
  raised_at: number;
  cleared_at: number | null;
  detail: JsonColumn<Record<string, unknown>>;
  status: Generated<ExceptionStatus>;
  revision: Generated<number>;
}

type HoldStatus = 'active' | 'released' | 'withdrawn';

interface HoldsTable {
  exception_id: string;
  epc: string;
  exposed_from: number;
  exposed_to: number | null;
  status: Generated<HoldStatus>;
}

export interface DecisionsTable {
  id: Generated<number>;
  subject_kind: 'exception' | 'hold' | 'shipment';
  subject_id: string;
  action: 'acknowledge' | 'resolve' | 'release' | 'close';
  actor: string;
  reason: Generated<string>;
  decided_at: number;
}

export interface ExceptionsTables {
  exceptions: ExceptionsTable;
  holds: HoldsTable;
  decisions: DecisionsTable;
}
