/**
 * What the routes ask of the ledger: answers in the shapes of contract.ts. The app puts inventory, cold chain and
 * ingest behind it. Decisions return what stands afterwards, or say why nothing was decided.
 */
import type {
  DeadLetter,
  Exception,
  Gateway,
  Hold,
  Movement,
  Pass,
  Room,
  Samples,
  Shipment,
  StockObject,
  StockRow,
} from '../contract/contract.ts';
import type { Page } from '../contract/lists.ts';

export interface StockFilter {
  readonly gtin?: string | undefined;
  readonly lot?: string | undefined;
  readonly location?: string | undefined;
  readonly disposition?: string | undefined;
}

export interface ObjectFilter extends StockFilter {
  readonly onHold?: boolean | undefined;
  /** Part of an EPC, serial or SSCC. */
  readonly search?: string | undefined;
}

export interface ExceptionFilter {
  readonly status?: Exception['status'] | undefined;
  readonly kind?: string | undefined;
  readonly location?: string | undefined;
}

export interface HoldFilter {
  readonly exceptionId?: string | undefined;
  readonly epc?: string | undefined;
  readonly status?: Hold['status'] | undefined;
}

/** Why nothing was decided: there is no such thing, somebody was faster, it still stands, or the facts took it back. */
export type Undecided = 'not-found' | 'decided-already' | 'still-active' | 'withdrawn' | 'nothing-held';

export type Decision<T> = { ok: true; value: T } | { ok: false; reason: Undecided };

export type ShipmentsInput = { form: 'json'; value: unknown } | { form: 'csv'; text: string };

export interface Ledger {
  stock(filter: StockFilter): Promise<StockRow[]>;
  objects(filter: ObjectFilter, page: Page): Promise<StockObject[]>;
  object(epc: string): Promise<StockObject | undefined>;
  movements(epc: string, limit: number): Promise<Movement[]>;
  passes(filter: { readPoint?: string | undefined; limit: number }): Promise<Pass[]>;
  shipments(): Promise<Shipment[]>;
  shipment(id: string): Promise<Shipment | undefined>;
  loadShipments(input: ShipmentsInput): Promise<{ ok: true; ids: string[] } | { ok: false; detail: string }>;
  closeShipment(id: string, actor: string, reason: string): Promise<Decision<Shipment>>;
  rooms(): Promise<Room[]>;
  samples(query: { readPoint: string; metric: string; from: number; to: number }): Promise<Samples>;
  exceptions(filter: ExceptionFilter, page: Page): Promise<Exception[]>;
  acknowledge(id: string, actor: string, reason: string): Promise<Decision<Exception>>;
  resolve(id: string, actor: string, reason: string): Promise<Decision<Exception>>;
  holds(filter: HoldFilter, page: Page): Promise<Hold[]>;
  /** All active holds of the exception, or those on the given objects; the number released. */
  releaseHolds(
    request: { exceptionId: string; epcs?: string[] | undefined },
    actor: string,
    reason: string,
  ): Promise<Decision<{ released: number }>>;
  gateways(): Promise<Gateway[]>;
  deadLetters(limit: number): Promise<DeadLetter[]>;
}
