/** One object: what its tag says, and every movement from the newest back. */

import { listOf } from '../../../contract/lists.ts';
import { type Movement, movementSchema, type StockObject } from '../../../contract/objects.ts';
import { Ago, TimeOfDay } from '../../shell/ago.tsx';
import { DirectionBadge, DispositionBadge } from '../../shell/badge.tsx';
import { useOnDemand, useSite } from '../../shell/context.ts';
import { countOf, groupEpc, inWords } from '../../shell/format.ts';
import { usePlaceName } from '../../shell/places.ts';
import { Loaded } from '../../shell/section.tsx';

const REFRESH_EVERY_MS = 1000;

export function ObjectHistory({ object }: { object: StockObject }) {
  const { api } = useSite().data;
  const placeName = usePlaceName();
  const movements = useOnDemand({
    name: 'movements',
    everyMs: REFRESH_EVERY_MS,
    topics: ['stock', 'pass'],
    load: async () => {
      const path = `/objects/${encodeURIComponent(object.epc)}/movements`;
      return (await api.get(path, listOf(movementSchema))).items;
    },
  });
  return (
    <>
      <p className="drawer-facts">
        <DispositionBadge disposition={object.disposition} />
        <span>{placeName(object.location)}</span>
      </p>
      <dl className="facts">
        <Fact name="EPC" value={groupEpc(object.epc)} isCode />
        <Fact name="URI" value={object.uri} isCode />
        <Fact name="GTIN" value={object.gtin} />
        <Fact name="SSCC" value={object.sscc} />
        <Fact name="Serial" value={object.serial} />
        <Fact name="Lot" value={object.lot} />
        <Fact name="Expiry" value={object.expiry} />
        <dt>First seen</dt>
        <dd>
          <TimeOfDay at={object.firstSeenAt} />
        </dd>
      </dl>
      <h3>Movements</h3>
      <Loaded state={movements} empty="No door has seen this object move yet.">
        {(items) => (
          <ol className="history">
            {items.map((movement) => (
              <MovementRow key={`${movement.passId} ${movement.occurredAt}`} movement={movement} />
            ))}
          </ol>
        )}
      </Loaded>
    </>
  );
}

function MovementRow({ movement }: { movement: Movement }) {
  const placeName = usePlaceName();
  const { from, to, moved } = movement;
  return (
    <li className={moved ? 'moved' : undefined}>
      <div className="history-head">
        <DirectionBadge direction={movement.direction} />
        <b>{moved ? `${placeName(from)} → ${placeName(to)}` : 'Stayed where it was'}</b>
      </div>
      <span className="muted small">
        {inWords(movement.eventType)} at {movement.readPoint}, <TimeOfDay at={movement.occurredAt} /> (
        <Ago at={movement.occurredAt} />)
      </span>
      <span className="muted small">
        {countOf(movement.readCount, 'read')}
        {movement.peakRssiDbm !== null && `, best ${movement.peakRssiDbm} dBm`}
      </span>
    </li>
  );
}

function Fact({ name, value, isCode = false }: { name: string; value: string | null; isCode?: boolean }) {
  if (value === null) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd className={isCode ? 'code' : undefined}>{value}</dd>
    </>
  );
}
