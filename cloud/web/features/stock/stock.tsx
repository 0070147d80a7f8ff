/** Stock: what is where, by item, lot, expiry and disposition; a row opens its objects, an object its history. */
import { useDeferredValue, useState } from 'react';
import type { StockRow } from '../../../contract/stock.ts';
import { DispositionBadge } from '../../shell/badge.tsx';
import { useResource, useServerNow, useSite } from '../../shell/context.ts';
import { countOf, formatCount, formatMass, NO_ITEM } from '../../shell/format.ts';
import { BoxIcon, ScaleIcon, SearchIcon } from '../../shell/icons.tsx';
import { type PlaceName, usePlaceName } from '../../shell/places.ts';
import { Loaded, Section } from '../../shell/section.tsx';
import { StockDrawer } from './stock-drawer.tsx';
import { expiryState, filterStock, isCounted, stockTotals } from './stock-rows.ts';

/** What lies here beyond this is found by filtering. */
const MOST_ROWS = 200;

export function Stock() {
  const { data } = useSite();
  const stock = useResource(data.stock);
  const placeName = usePlaceName();
  const [filter, setFilter] = useState('');
  const [opened, setOpened] = useState<StockRow>();
  const wanted = useDeferredValue(filter);
  return (
    <Section
      id="stock"
      title="Stock"
      icon={BoxIcon}
      aside={
        <label className="search">
          <SearchIcon size={16} />
          <span className="sr-only">Filter stock</span>
          <input
            type="search"
            value={filter}
            placeholder="Item, GTIN, lot, place…"
            onChange={(event) => setFilter(event.target.value)}
          />
        </label>
      }
    >
      <Loaded
        state={stock}
        empty="Stock appears here as soon as goods come in through a door or lie on a scale."
      >
        {(rows) => (
          <StockTable
            rows={filterStock(rows, wanted, placeName)}
            placeName={placeName}
            filter={wanted}
            onOpen={setOpened}
          />
        )}
      </Loaded>
      {opened && <StockDrawer row={opened} onClose={() => setOpened(undefined)} />}
    </Section>
  );
}

interface StockTableProps {
  readonly rows: readonly StockRow[];
  readonly placeName: PlaceName;
  readonly filter: string;
  readonly onOpen: (row: StockRow) => void;
}

function StockTable({ rows, placeName, filter, onOpen }: StockTableProps) {
  const totals = stockTotals(rows);
  return (
    <div className="card flush scroll-x">
      <table className="table stock" data-testid="stock-table">
        <thead>
          <tr>
            <th scope="col">Item</th>
            <th scope="col">Lot</th>
            <th scope="col">Expiry</th>
            <th scope="col">Location</th>
            <th scope="col">Status</th>
            <th scope="col" className="num">
              Objects
            </th>
            <th scope="col" className="num">
              Loose
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST_ROWS).map((row) => (
            <tr key={JSON.stringify([row.gtin, row.lot, row.expiry, row.location, row.disposition])}>
              <td>
                {row.objects > 0 ? (
                  <button type="button" className="row-button" onClick={() => onOpen(row)}>
                    <ItemName row={row} />
                  </button>
                ) : (
                  <span className="row-text">
                    <ItemName row={row} />
                  </span>
                )}
              </td>
              <td className="nowrap">{row.lot ?? <span className="muted">–</span>}</td>
              <td className="nowrap">
                <Expiry expiry={row.expiry} />
              </td>
              <td className="nowrap">{placeName(row.location)}</td>
              <td>
                <DispositionBadge disposition={row.disposition} />
              </td>
              <td className="num">
                {row.objects > 0 ? formatCount(row.objects) : <span className="muted">–</span>}
              </td>
              <td className="num nowrap">
                <Loose row={row} />
              </td>
            </tr>
          ))}
          {rows.length === 0 && (
            <tr>
              <td colSpan={7}>
                <p className="empty">Nothing in stock matches “{filter}”.</p>
              </td>
            </tr>
          )}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={5}>
              {countOf(totals.rows, 'row')}
              {totals.onHold > 0 && `, ${countOf(totals.onHold, 'object')} on hold`}
              {rows.length > MOST_ROWS && `; the first ${MOST_ROWS} are shown, filter to see others`}
            </th>
            <td className="num" data-testid="stock-total">
              {formatCount(totals.objects)}
            </td>
            <td className="num nowrap">{totals.milligrams > 0 ? formatMass(totals.milligrams) : ''}</td>
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

function ItemName({ row }: { row: StockRow }) {
  return (
    <>
      {row.itemName ?? row.gtin ?? NO_ITEM}
      {row.itemName !== null && row.gtin !== null && <span className="id">{row.gtin}</span>}
    </>
  );
}

function Loose({ row }: { row: StockRow }) {
  if (!isCounted(row)) return <span className="muted">–</span>;
  return (
    <span className="loose">
      <ScaleIcon size={15} />
      {row.netMilligrams === null ? 'weight unknown' : formatMass(row.netMilligrams)}
      {row.pieces !== null && <span className="muted small">{countOf(row.pieces, 'piece')}</span>}
    </span>
  );
}

function Expiry({ expiry }: { expiry: string | null }) {
  const now = useServerNow(3_600_000);
  if (expiry === null) return <span className="muted">–</span>;
  const state = expiryState(expiry, now);
  return (
    <span className={state === 'good' ? undefined : 'text-warning'}>
      {expiry}
      {state === 'expired' && <span className="small"> expired</span>}
      {state === 'soon' && <span className="small"> soon</span>}
    </span>
  );
}
