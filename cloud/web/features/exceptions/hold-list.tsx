/** What one exception keeps from moving, and its release: all of it, or the chosen objects. */
import { useState } from 'react';
import type { Exception } from '../../../contract/exceptions.ts';
import { type Hold, holdSchema } from '../../../contract/holds.ts';
import { listOf } from '../../../contract/lists.ts';
import { Badge } from '../../shell/badge.tsx';
import { useOnDemand, useSite } from '../../shell/context.ts';
import { countOf, NO_ITEM } from '../../shell/format.ts';
import { ChevronIcon, LockIcon } from '../../shell/icons.tsx';
import { usePlaceName } from '../../shell/places.ts';
import { Loaded } from '../../shell/section.tsx';
import { type Deciding, useMay } from './decide.ts';
import { DecisionForm } from './decision-form.tsx';

/** The most the API gives in one page. */
const MOST_HOLDS = 1000;
const REFRESH_EVERY_MS = 1000;

interface HoldListProps {
  readonly exception: Exception;
  readonly deciding: Deciding;
}

export function HoldList({ exception, deciding }: HoldListProps) {
  const [open, setOpen] = useState(false);
  const { active, released } = exception.holds;
  return (
    <div className="holds" data-testid={`holds-${exception.id}`}>
      <button type="button" className="holds-head" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className={`chevron ${open ? 'open' : ''}`}>
          <ChevronIcon size={14} />
        </span>
        <LockIcon size={16} />
        <b>{active > 0 ? `${countOf(active, 'object')} on hold` : 'Nothing held any more'}</b>
        {released > 0 && <span className="muted small push">{released} released</span>}
      </button>
      {open && <HeldObjects exceptionId={exception.id} deciding={deciding} />}
    </div>
  );
}

function HeldObjects({ exceptionId, deciding }: { exceptionId: string; deciding: Deciding }) {
  const { api } = useSite().data;
  const holds = useOnDemand({
    name: 'holds of an exception',
    everyMs: REFRESH_EVERY_MS,
    topics: ['hold', 'stock', 'exception'],
    load: async () => (await api.get('/holds', listOf(holdSchema), { exceptionId, limit: MOST_HOLDS })).items,
  });
  return (
    <Loaded state={holds} empty="The objects held by this appear here.">
      {(items) => <HoldTable holds={items} deciding={deciding} />}
    </Loaded>
  );
}

function HoldTable({ holds, deciding }: { holds: readonly Hold[]; deciding: Deciding }) {
  const placeName = usePlaceName();
  const releasing = useMay('quality');
  const [asking, setAsking] = useState(false);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const active = holds.filter(({ status }) => status === 'active');
  const chosen = active.filter(({ epc }) => !left.has(epc));
  const toggle = (epcs: readonly string[], isOn: boolean) => {
    const next = new Set(left);
    for (const epc of epcs)
      if (isOn) next.delete(epc);
      else next.add(epc);
    setLeft(next);
  };
  return (
    <>
      <div className="hold-groups">
        {groupHolds(holds).map(({ name, lot, items }) => {
          const held = items.filter(({ status }) => status === 'active').map(({ epc }) => epc);
          return (
            <fieldset key={`${name} ${lot}`}>
              <legend>
                <label>
                  <input
                    type="checkbox"
                    disabled={held.length === 0}
                    checked={held.length > 0 && held.every((epc) => !left.has(epc))}
                    onChange={(event) => toggle(held, event.target.checked)}
                  />
                  <b>{items.length} ×</b> {name}
                  {lot !== null && <span className="muted small">lot {lot}</span>}
                </label>
              </legend>
              {items.map((hold) => (
                <label key={hold.epc} className="hold">
                  <input
                    type="checkbox"
                    disabled={hold.status !== 'active'}
                    checked={hold.status === 'active' && !left.has(hold.epc)}
                    onChange={(event) => toggle([hold.epc], event.target.checked)}
                  />
                  <code>{hold.epc}</code>
                  <span className="muted small">
                    {hold.status === 'active' ? placeName(hold.location) : <Badge tone="ok">Released</Badge>}
                  </span>
                </label>
              ))}
            </fieldset>
          );
        })}
      </div>
      {active.length > 0 && !asking && (
        <button
          type="button"
          className="button"
          disabled={!releasing.allowed || chosen.length === 0}
          title={releasing.why}
          onClick={() => setAsking(true)}
        >
          Release {countOf(chosen.length, 'object')}…
        </button>
      )}
      {asking && (
        <DecisionForm
          label={`Reason to release ${countOf(chosen.length, 'object')}`}
          button="Release"
          isRequired
          busy={deciding.busy}
          onCancel={() => setAsking(false)}
          onDecide={async (reason) => {
            const epcs = chosen.map(({ epc }) => epc);
            if (await deciding.release(reason, epcs)) setAsking(false);
          }}
        />
      )}
    </>
  );
}

function groupHolds(holds: readonly Hold[]): { name: string; lot: string | null; items: Hold[] }[] {
  const groups = new Map<string, { name: string; lot: string | null; items: Hold[] }>();
  for (const hold of holds) {
    const name = hold.itemName ?? hold.gtin ?? NO_ITEM;
    const key = JSON.stringify([name, hold.lot]);
    const group = groups.get(key) ?? { name, lot: hold.lot, items: [] };
    group.items.push(hold);
    groups.set(key, group);
  }
  return [...groups.values()];
}
