/** Shipments: what was expected beside what came or went, short and over where it differs. */
import { useState } from 'react';
import type { Shipment } from '../../../contract/shipments.ts';
import { TimeOfDay } from '../../shell/ago.tsx';
import { Badge, ShipmentBadge, type Tone } from '../../shell/badge.tsx';
import { useResource, useSite } from '../../shell/context.ts';
import { countOf } from '../../shell/format.ts';
import { ArrowInIcon, ArrowOutIcon, ChevronIcon, TruckIcon, WarningIcon } from '../../shell/icons.tsx';
import { ProgressBar } from '../../shell/progress-bar.tsx';
import { Loaded, Section } from '../../shell/section.tsx';
import { ShipmentLines } from './shipment-lines.tsx';

export function Shipments() {
  const { data } = useSite();
  return (
    <Section id="shipments" title="Shipments" icon={TruckIcon}>
      <Loaded
        state={useResource(data.shipments)}
        empty="Expected shipments appear here once a list is loaded (JSON or CSV to /api/v1/shipments), and fill up as their goods pass a door."
      >
        {(shipments) => (
          <ul className="card flush shipments">
            {shipments.map((shipment) => (
              <ShipmentRow key={shipment.id} shipment={shipment} />
            ))}
          </ul>
        )}
      </Loaded>
    </Section>
  );
}

const TONES = {
  expected: 'info',
  in_progress: 'info',
  complete: 'ok',
  discrepant: 'warning',
} as const satisfies Record<Shipment['status'], Tone>;

function ShipmentRow({ shipment }: { shipment: Shipment }) {
  const [open, setOpen] = useState(false);
  const isInbound = shipment.kind === 'inbound';
  const { short, over } = differencesOf(shipment);
  const linesId = `lines-${shipment.id}`;
  const tone = TONES[shipment.status];
  return (
    <li className="shipment-entry" data-testid={`shipment-${shipment.id}`}>
      <button
        type="button"
        className="shipment"
        aria-expanded={open}
        aria-controls={linesId}
        onClick={() => setOpen(!open)}
      >
        <span className={`chevron ${open ? 'open' : ''}`}>
          <ChevronIcon size={16} />
        </span>
        <span className="shipment-name">
          <b>{shipment.reference}</b>
          <span className="shipment-partner muted small">
            {isInbound ? <ArrowInIcon size={14} /> : <ArrowOutIcon size={14} />}
            {isInbound ? 'from' : 'to'} {shipment.partner}
          </span>
        </span>
        <span className="shipment-when muted small">
          {shipment.readPoint}
          <br />
          <TimeOfDay at={shipment.expectedFrom} />–<TimeOfDay at={shipment.expectedTo} />
        </span>
        <span className="shipment-progress">
          <span className="shipment-figures">
            <b>{shipment.actual}</b> of {shipment.expected}
            <Differences status={shipment.status} short={short} over={over} />
          </span>
          <ProgressBar
            done={shipment.expected - short}
            expected={shipment.expected}
            over={over}
            label={`${shipment.reference}: came of expected`}
            tone={tone}
          />
        </span>
        <span className="shipment-state">
          <ShipmentBadge status={shipment.status} />
        </span>
      </button>
      {open && <ShipmentLines id={linesId} shipment={shipment} />}
    </li>
  );
}

/** Short and over per line, not netted: one missing case is not made good by another that nobody ordered. */
function differencesOf({ lines, unexpected }: Shipment): { short: number; over: number } {
  return {
    short: sum(lines.map(({ difference }) => Math.max(0, -difference))),
    over: sum(lines.map(({ difference }) => Math.max(0, difference))) + unexpected.length,
  };
}

interface DifferencesProps {
  readonly status: Shipment['status'];
  readonly short: number;
  readonly over: number;
}

function Differences({ status, short, over }: DifferencesProps) {
  const isStarted = status !== 'expected';
  return (
    <>
      {isStarted && short > 0 && (
        <Badge tone={status === 'discrepant' ? 'critical' : 'neutral'} icon={WarningIcon}>
          {short} {status === 'discrepant' ? 'short' : 'to come'}
        </Badge>
      )}
      {over > 0 && (
        <Badge tone="warning" icon={WarningIcon} title={`${countOf(over, 'object')} more than expected`}>
          {over} over
        </Badge>
      )}
    </>
  );
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
