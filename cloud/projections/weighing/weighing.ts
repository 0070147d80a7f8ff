/** Weighings: the latest net weight of each bin. */
import type { WeighingEvent } from '../../../protocol/events/stock-event.ts';
import { isLater } from '../../ledger/ledger-event.ts';
import { keepLatest, type LatestTable, sortedRows } from '../../store/merge-rows.ts';
import type { BinsTable } from '../../store/tables/projections.ts';
import { addUnknownReadPoint } from '../findings.ts';
import type { Projection } from '../projection.ts';

const BINS: LatestTable<BinsTable> = {
  table: 'bins',
  kinds: { read_point: 'text', net_milligrams: 'bigint', weighed_at: 'bigint', weighed_key: 'text' },
  primaryKey: 'read_point',
  at: 'weighed_at',
  key: 'weighed_key',
};

export const WEIGHING: Projection<WeighingEvent> = {
  tables: ['bins'],
  begin({ places, findings }) {
    const bins = new Map<string, BinsTable>();
    return {
      add({ readPoint, occurredAt, netMilligrams }, { key }) {
        const known = bins.get(readPoint);
        if (known === undefined || isLater(occurredAt, key, known.weighed_at, known.weighed_key)) {
          const row = { read_point: readPoint, net_milligrams: netMilligrams };
          bins.set(readPoint, { ...row, weighed_at: occurredAt, weighed_key: key });
        }
        if (!places.bins.has(readPoint)) addUnknownReadPoint(findings, readPoint, occurredAt, 'bin');
      },
      write: (trx) => keepLatest(trx, BINS, sortedRows(bins)),
      changes: (at) => [...bins.keys()].map((readPoint) => ({ topic: 'stock', at, readPoint })),
    };
  },
};
