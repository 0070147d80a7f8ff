/** A ledger of fixed rows, for tests of what lies before it: it answers from its lists and notes what was asked. */
import type { Exception } from '../contract/exceptions.ts';
import type { Gateway } from '../contract/gateways.ts';
import type { Hold } from '../contract/holds.ts';
import type { StockObject } from '../contract/objects.ts';
import type { Shipment, ShipmentsInput } from '../contract/shipments.ts';
import type { StockRow } from '../contract/stock.ts';
import type { Decision, Ledger } from './http/ledger.ts';

interface MemoryLedger extends Ledger {
  readonly rows: {
    stock: StockRow[];
    objects: StockObject[];
    shipments: Shipment[];
    exceptions: Exception[];
    holds: Hold[];
    gateways: Gateway[];
  };
  /** The latest question or decision of each kind, as it was put. */
  readonly asked: Record<string, unknown>;
}

export function createMemoryLedger(): MemoryLedger {
  const rows: MemoryLedger['rows'] = {
    stock: [],
    objects: [],
    shipments: [],
    exceptions: [],
    holds: [],
    gateways: [],
  };
  const asked: Record<string, unknown> = {};

  function decide<T extends { id: string }>(
    list: T[],
    id: string,
    change: (row: T) => T | undefined,
  ): Decision<T> {
    const index = list.findIndex((row) => row.id === id);
    const row = list[index];
    if (row === undefined) return { ok: false, reason: 'not-found' };
    const changed = change(row);
    if (changed === undefined) return { ok: false, reason: 'decided-already' };
    list[index] = changed;
    return { ok: true, value: changed };
  }

  return {
    rows,
    asked,
    async stock(filter) {
      asked.stock = filter;
      return rows.stock;
    },
    async objects(filter, page) {
      asked.objects = { filter, page };
      return rows.objects.slice(page.offset, page.offset + page.limit);
    },
    object: async (epc) => rows.objects.find((object) => object.epc === epc),
    movements: async () => [],
    passes: async () => [],
    shipments: async () => rows.shipments,
    shipment: async (id) => rows.shipments.find((shipment) => shipment.id === id),
    async loadShipments(input: ShipmentsInput) {
      asked.loadShipments = input;
      const text = input.form === 'csv' ? input.text : JSON.stringify(input.value);
      return text.includes('bad') ? { ok: false, detail: 'line 2: bad' } : { ok: true, ids: ['ASN-1'] };
    },
    async closeShipment(id, actor, reason) {
      asked.closeShipment = { id, actor, reason };
      return decide(rows.shipments, id, (row) => (row.closed ? undefined : { ...row, closed: true }));
    },
    rooms: async () => [],
    async samples(query) {
      asked.samples = query;
      return { readPoint: query.readPoint, metric: query.metric, points: [[query.from, 4000]] };
    },
    async exceptions(filter, page) {
      asked.exceptions = { filter, page };
      return rows.exceptions;
    },
    async acknowledge(id, actor, reason) {
      asked.acknowledge = { id, actor, reason };
      return decide(rows.exceptions, id, (row) =>
        row.status === 'raised' ? { ...row, status: 'acknowledged' } : undefined,
      );
    },
    async resolve(id, actor, reason) {
      asked.resolve = { id, actor, reason };
      return decide(rows.exceptions, id, (row) =>
        row.status === 'resolved' ? undefined : { ...row, status: 'resolved' },
      );
    },
    async holds(filter, page) {
      asked.holds = { filter, page };
      return rows.holds;
    },
    async releaseHolds(request, actor, reason) {
      asked.releaseHolds = { request, actor, reason };
      const released = rows.holds.filter((hold) => hold.exceptionId === request.exceptionId).length;
      return released > 0 ? { ok: true, value: { released } } : { ok: false, reason: 'nothing-held' };
    },
    gateways: async () => rows.gateways,
    deadLetters: async () => [],
  };
}
