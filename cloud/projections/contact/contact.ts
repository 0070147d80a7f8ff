/** Doors and lids: whether each is open or closed. */
import type { ContactEvent } from '../../../protocol/events/stock-event.ts';
import { isLater } from '../../ledger/ledger-event.ts';
import { keepLatest, type LatestTable, sortedRows } from '../../store/merge-rows.ts';
import type { ContactsTable } from '../../store/tables/projections.ts';
import { addUnknownReadPoint } from '../findings.ts';
import type { Projection } from '../projection.ts';

const CONTACTS: LatestTable<ContactsTable> = {
  table: 'contacts',
  kinds: { read_point: 'text', state: 'text', changed_at: 'bigint', changed_key: 'text' },
  primaryKey: 'read_point',
  at: 'changed_at',
  key: 'changed_key',
};

export const CONTACT: Projection<ContactEvent> = {
  tables: ['contacts'],
  begin({ places, findings }) {
    const contacts = new Map<string, ContactsTable>();
    return {
      add({ readPoint, occurredAt, state }, { key }) {
        const known = contacts.get(readPoint);
        if (known === undefined || isLater(occurredAt, key, known.changed_at, known.changed_key)) {
          contacts.set(readPoint, {
            read_point: readPoint,
            state,
            changed_at: occurredAt,
            changed_key: key,
          });
        }
        if (!places.probes.has(readPoint)) addUnknownReadPoint(findings, readPoint, occurredAt, 'probe');
      },
      write: (trx) => keepLatest(trx, CONTACTS, sortedRows(contacts)),
      changes: (at) => [...contacts.keys()].map((readPoint) => ({ topic: 'contact', at, readPoint })),
    };
  },
};
