/** Doors: what passes, what passed last at each, and the passes before. */
import { useState } from 'react';
import type { Pass } from '../../../contract/passes.ts';
import type { Status } from '../../../contract/status.ts';
import { Ago, TimeOfDay } from '../../shell/ago.tsx';
import { Badge, DirectionBadge, lookOfDirection } from '../../shell/badge.tsx';
import { useJustChanged, useResource, useSite } from '../../shell/context.ts';
import { countOf, NO_ITEM } from '../../shell/format.ts';
import { DoorIcon, TruckIcon } from '../../shell/icons.tsx';
import { Loaded, Section } from '../../shell/section.tsx';

/** How long a card says that something just passed, in local time. */
const JUST_PASSED_MS = 6000;
const FEW_PASSES = 6;

interface DoorView {
  readonly readPoint: string;
  readonly name: string;
  readonly last: Pass | undefined;
}

export function Doors() {
  const { data } = useSite();
  const passes = useResource(data.passes);
  const places = useResource(data.status).data?.places;
  const doors = doorsOf(passes.data ?? [], places);
  return (
    <Section id="doors" title="Doors" icon={DoorIcon}>
      <Loaded
        state={{ data: passes.data && doors, problem: passes.problem }}
        empty="Each door appears here with its first pass: which way, how many tags, and for which shipment."
      >
        {(known) => (
          <div className="doors">
            {known.map((door) => (
              <DoorCard key={door.readPoint} door={door} />
            ))}
          </div>
        )}
      </Loaded>
      {passes.data !== undefined && passes.data.length > 0 && <RecentPasses passes={passes.data} />}
    </Section>
  );
}

/** The doors of the site in its order, then any other that something passed; with the newest pass of each. */
function doorsOf(passes: readonly Pass[], places: Status['places']): DoorView[] {
  const names = new Map((places?.doors ?? []).map(({ readPoint, name }) => [readPoint, name]));
  for (const pass of [...passes].sort((a, b) => a.readPoint.localeCompare(b.readPoint))) {
    if (!names.has(pass.readPoint)) names.set(pass.readPoint, pass.doorName);
  }
  return [...names].map(([readPoint, name]) => ({
    readPoint,
    name,
    last: passes.find((pass) => pass.readPoint === readPoint),
  }));
}

function DoorCard({ door: { readPoint, name, last } }: { door: DoorView }) {
  const isNew = useJustChanged(last?.passId ?? '', JUST_PASSED_MS);
  return (
    <article
      className={`card door ${isNew ? 'door-passing' : ''}`}
      data-testid={`door-${readPoint}`}
      aria-label={name}
    >
      <header>
        <h3>
          {name}
          <span className="id">{readPoint}</span>
        </h3>
        <span className="door-age muted small">
          {isNew ? <b className="passing">Just passed</b> : last && <Ago at={last.occurredAt} />}
        </span>
      </header>
      {last === undefined ? (
        <p className="empty">Nothing has passed yet. The first pass shows here a moment after it ends.</p>
      ) : (
        <LastPass key={last.passId} pass={last} />
      )}
    </article>
  );
}

function LastPass({ pass }: { pass: Pass }) {
  const [tone, Arrow, text] = lookOfDirection(pass.direction);
  return (
    <>
      <div className="door-pass">
        <span className={`door-arrow tone-${tone} arrow-${pass.direction}`}>
          <Arrow size={30} />
        </span>
        <div>
          <span className={`door-direction text-${tone}`}>{text}</span>
          <span className="door-tags">
            <b>{pass.tags}</b> {pass.tags === 1 ? 'tag' : 'tags'}
          </span>
        </div>
      </div>
      <ul className="door-items" aria-label="Items">
        {pass.items.map((item) => (
          <li key={item.gtin ?? 'none'}>
            <b>{item.count}</b>
            <span>{item.itemName ?? item.gtin ?? NO_ITEM}</span>
          </li>
        ))}
      </ul>
      <footer>
        {pass.shipment !== null && (
          <Badge tone="neutral" icon={TruckIcon} title="Matched shipment">
            {pass.shipment}
          </Badge>
        )}
        <span className="muted small" title={`Direction from ${pass.directionSource}`}>
          {pass.straysIgnored > 0 && `${countOf(pass.straysIgnored, 'stray tag')} ignored`}
        </span>
      </footer>
    </>
  );
}

function RecentPasses({ passes }: { passes: readonly Pass[] }) {
  const [all, setAll] = useState(false);
  const shown = all ? passes : passes.slice(0, FEW_PASSES);
  return (
    <div className="card flush">
      <table className="table passes">
        <caption>Recent passes</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Door</th>
            <th scope="col">Direction</th>
            <th scope="col" className="num">
              Tags
            </th>
            <th scope="col">Items</th>
            <th scope="col" className="wide-only">
              Shipment
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((pass) => (
            <tr key={`${pass.readPoint} ${pass.passId}`} className="arriving">
              <td className="nowrap">
                <TimeOfDay at={pass.occurredAt} />
              </td>
              <td className="nowrap">{pass.doorName}</td>
              <td>
                <DirectionBadge direction={pass.direction} />
              </td>
              <td className="num">{pass.tags}</td>
              <td className="pass-items">
                {pass.items
                  .map((item) => `${item.count} × ${item.itemName ?? item.gtin ?? NO_ITEM.toLowerCase()}`)
                  .join(' · ')}
              </td>
              <td className="wide-only nowrap">{pass.shipment ?? <span className="muted">–</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {passes.length > FEW_PASSES && (
        <button type="button" className="button quiet more" onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show ${passes.length - FEW_PASSES} more`}
        </button>
      )}
    </div>
  );
}
