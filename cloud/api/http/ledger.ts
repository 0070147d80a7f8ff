/**
 * What the routes ask of the ledger: answers in the shapes of the contract. The app puts inventory, cold chain and
 * ingest behind it. Decisions return what stands afterwards, or say why nothing was decided.
 */
import type { Exception, ExceptionFilter } from '../../contract/exceptions.ts';
import type { DeadLetter, Gateway } from '../../contract/gateways.ts';
import type { Hold, HoldFilter } from '../../contract/holds.ts';
import type { Page } from '../../contract/lists.ts';
import type { Movement, ObjectFilter, StockObject } from '../../contract/objects.ts';
import type { Pass } from '../../contract/passes.ts';
import type { Room, Samples, SamplesQuery } from '../../contract/rooms.ts';
import type { Shipment, ShipmentsInput } from '../../contract/shipments.ts';
import type { StockFilter, StockRow } from '../../contract/stock.ts';
import type { RefusalReason } from '../../ledger/decision.ts';

export type Decision<T> = { ok: true; value: T } | { ok: false; reason: RefusalReason };

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
  samples(query: SamplesQuery): Promise<Samples>;
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
