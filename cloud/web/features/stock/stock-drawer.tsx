/** The objects of one stock row, and from there the history of one. */
import { useState } from 'react';
import { listOf } from '../../../contract/lists.ts';
import { objectSchema, type StockObject } from '../../../contract/objects.ts';
import type { StockRow } from '../../../contract/stock.ts';
import { Ago } from '../../shell/ago.tsx';
import { Badge, DispositionBadge } from '../../shell/badge.tsx';
import { useOnDemand, useSite } from '../../shell/context.ts';
import { Drawer } from '../../shell/drawer.tsx';
import { countOf, NO_ITEM } from '../../shell/format.ts';
import { ChevronIcon, LockIcon } from '../../shell/icons.tsx';
import { usePlaceName } from '../../shell/places.ts';
import { Loaded } from '../../shell/section.tsx';
import { ObjectHistory } from './object-history.tsx';
import { belongsTo } from './stock-rows.ts';

/** The most the API gives in one page. */
const MOST_OBJECTS = 1000;
const REFRESH_EVERY_MS = 1000;

export function StockDrawer({ row, onClose }: { row: StockRow; onClose: () => void }) {
  const [chosen, setChosen] = useState<StockObject>();
  const title = row.itemName ?? row.gtin ?? NO_ITEM;
  return (
    <Drawer
      title={chosen === undefined ? title : (chosen.itemName ?? 'Object')}
      onClose={onClose}
      onBack={chosen && (() => setChosen(undefined))}
    >
      {chosen === undefined ? (
        <ObjectList row={row} onChoose={setChosen} />
      ) : (
        <ObjectHistory key={chosen.epc} object={chosen} />
      )}
    </Drawer>
  );
}

function ObjectList({ row, onChoose }: { row: StockRow; onChoose: (object: StockObject) => void }) {
  const { api } = useSite().data;
  const placeName = usePlaceName();
  const { gtin, lot, location, disposition } = row;
  const objects = useOnDemand({
    name: 'objects',
    everyMs: REFRESH_EVERY_MS,
    topics: ['stock', 'hold'],
    load: async () => {
      const query = { gtin, lot, location, disposition, limit: MOST_OBJECTS };
      const { items } = await api.get('/objects', listOf(objectSchema), query);
      return items.filter((object) => belongsTo(row, object));
    },
  });
  return (
    <>
      <p className="drawer-facts">
        <DispositionBadge disposition={disposition} />
        <span>{placeName(location)}</span>
        <span className="muted">
          {lot === null ? 'no lot' : `lot ${lot}`}
          {row.expiry !== null && `, expires ${row.expiry}`}
        </span>
      </p>
      <Loaded state={objects} empty="All objects of this row have moved on since; close this and look again.">
        {(items) => (
          <>
            <p className="muted small">
              {countOf(items.length, 'object')}. Choose one to see where it has been.
            </p>
            <ul className="objects">
              {items.map((object) => (
                <li key={object.epc} className="object-entry">
                  <button type="button" className="object" onClick={() => onChoose(object)}>
                    <span>
                      <b>{object.serial === null ? object.epc : `Serial ${object.serial}`}</b>
                      <span className="id">{object.uri ?? object.epc}</span>
                    </span>
                    {object.onHold && (
                      <Badge tone="warning" icon={LockIcon}>
                        On hold
                      </Badge>
                    )}
                    <span className="muted small nowrap">
                      seen <Ago at={object.lastSeenAt} />
                    </span>
                    <ChevronIcon size={14} />
                  </button>
                </li>
              ))}
            </ul>
          </>
        )}
      </Loaded>
    </>
  );
}
