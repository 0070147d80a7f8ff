/** Exceptions: what somebody must look at, the worst first, with what to do and the decisions that were made. */
import { useState } from 'react';
import { useResource, useSite } from '../../shell/context.ts';
import { CheckIcon, WarningIcon } from '../../shell/icons.tsx';
import { Loaded, Section } from '../../shell/section.tsx';
import { ExceptionCard } from './exception-card.tsx';
import { orderExceptions } from './exception-order.ts';

export function Exceptions() {
  const { data } = useSite();
  const exceptions = useResource(data.exceptions);
  const [all, setAll] = useState(false);
  const { open, done } = orderExceptions(exceptions.data ?? []);
  const shown = all ? [...open, ...done] : open;
  return (
    <Section
      id="exceptions"
      title="Exceptions"
      icon={WarningIcon}
      aside={
        <fieldset className="segments">
          <legend className="sr-only">Which exceptions</legend>
          <button type="button" aria-pressed={!all} onClick={() => setAll(false)}>
            Open {open.length}
          </button>
          <button type="button" aria-pressed={all} onClick={() => setAll(true)}>
            All
          </button>
        </fieldset>
      }
    >
      <Loaded
        state={exceptions}
        empty="Nothing has needed a look so far. Excursions, silent sensors, short shipments and the like appear here, with what to do."
      >
        {() => (
          <ul className="exceptions">
            {shown.map((exception) => (
              <ExceptionCard key={exception.id} exception={exception} />
            ))}
            {shown.length === 0 && (
              <li className="all-clear">
                <CheckIcon size={22} />
                Nothing is open. What was resolved stands under All.
              </li>
            )}
          </ul>
        )}
      </Loaded>
    </Section>
  );
}
