/** Cold rooms: how each is now, what its probes and contacts say, how it went, and what stands in it. */
import { useState } from 'react';
import type { Room } from '../../../contract/rooms.ts';
import { Ago } from '../../shell/ago.tsx';
import { Badge, RoomBadge, type Tone } from '../../shell/badge.tsx';
import { useResource, useSite } from '../../shell/context.ts';
import { formatMeasure, inWords, metricName } from '../../shell/format.ts';
import { BoxIcon, DoorIcon, LockIcon, SnowIcon, WarningIcon } from '../../shell/icons.tsx';
import { Loaded, Section } from '../../shell/section.tsx';
import { RoomChart } from './room-chart.tsx';

const HOUR_MS = 3_600_000;
const WINDOWS = [
  ['1 h', HOUR_MS],
  ['8 h', 8 * HOUR_MS],
  ['24 h', 24 * HOUR_MS],
] as const;

export function ColdRooms() {
  const { data } = useSite();
  const [windowMs, setWindowMs] = useState<number>(HOUR_MS);
  return (
    <Section
      id="rooms"
      title="Cold rooms"
      icon={SnowIcon}
      aside={
        <fieldset className="segments">
          <legend className="sr-only">Time shown</legend>
          {WINDOWS.map(([text, ms]) => (
            <button key={ms} type="button" aria-pressed={ms === windowMs} onClick={() => setWindowMs(ms)}>
              {text}
            </button>
          ))}
        </fieldset>
      }
    >
      <Loaded
        state={useResource(data.rooms)}
        empty="Rooms appear here when the site description names cold rooms or probes."
      >
        {(rooms) => (
          <div className="rooms">
            {rooms.map((room) => (
              <RoomCard key={room.location} room={room} windowMs={windowMs} />
            ))}
          </div>
        )}
      </Loaded>
    </Section>
  );
}

function RoomCard({ room, windowMs }: { room: Room; windowMs: number }) {
  const metrics = [...new Set(room.probes.map(({ metric }) => metric))];
  const [chosen, setChosen] = useState<string>();
  const metric = chosen ?? (metrics.includes('temperature') ? 'temperature' : metrics[0]);
  return (
    <article
      className={`card room room-${room.state}`}
      data-testid={`room-${room.location}`}
      aria-label={room.name}
    >
      <header>
        <h3>
          {room.name}
          <span className="id">{room.location}</span>
        </h3>
        <RoomBadge state={room.state} />
      </header>
      <div className="probes">
        {inOrder(room.probes).map((probe) => (
          <ProbeValue key={`${probe.readPoint} ${probe.metric}`} probe={probe} room={room} />
        ))}
        {room.probes.length === 0 && (
          <p className="empty">
            No probe has spoken yet. Its value and a chart appear with the first sample.
          </p>
        )}
      </div>
      {metric !== undefined && (
        <>
          {metrics.length > 1 && (
            <fieldset className="segments small-segments">
              <legend className="sr-only">Shown in the chart</legend>
              {metrics.map((name) => (
                <button
                  key={name}
                  type="button"
                  aria-pressed={name === metric}
                  onClick={() => setChosen(name)}
                >
                  {metricName(name)}
                </button>
              ))}
            </fieldset>
          )}
          <RoomChart
            key={`${metric} ${windowMs} ${room.probes.length}`}
            room={room}
            metric={metric}
            windowMs={windowMs}
          />
        </>
      )}
      <footer>
        {room.contacts.map((contact) => (
          <Badge
            key={contact.readPoint}
            tone={contact.state === 'open' ? 'warning' : 'neutral'}
            icon={DoorIcon}
          >
            {contact.name} {inWords(contact.state).toLowerCase()}, <Ago at={contact.changedAt} />
          </Badge>
        ))}
        <Badge tone="neutral" icon={BoxIcon}>
          {room.objects} {room.objects === 1 ? 'object' : 'objects'}
        </Badge>
        {room.onHold > 0 && (
          <Badge tone="warning" icon={LockIcon}>
            {room.onHold} on hold
          </Badge>
        )}
      </footer>
    </article>
  );
}

type RoomProbe = Room['probes'][number];

function ProbeValue({ probe, room }: { probe: RoomProbe; room: Room }) {
  const isOut = isOutside(probe);
  const tone: Tone = probe.freshness !== 'fresh' ? 'warning' : isOut ? 'critical' : 'ok';
  const sameMetric = room.probes.filter(({ metric }) => metric === probe.metric);
  const lineIndex = sameMetric.indexOf(probe);
  return (
    <div className={`probe probe-${probe.freshness}`}>
      <span className="probe-name">
        {sameMetric.length > 1 && <span className={`swatch line-${lineIndex % 4}`} aria-hidden="true" />}
        {probe.name}
        {probe.metric !== 'temperature' && `, ${metricName(probe.metric).toLowerCase()}`}
      </span>
      <span className={`probe-value ${tone === 'ok' ? '' : `text-${tone}`}`}>
        {probe.valueMilli === null ? '–' : formatMeasure(probe.valueMilli, probe.metric)}
        {isOut && probe.freshness === 'fresh' && <WarningIcon size={16} />}
      </span>
      <span className="muted small">
        {probe.sampledAt === null ? 'no sample yet' : <Ago at={probe.sampledAt} />}
        {probe.freshness === 'silent' && <b className="text-warning"> · silent</b>}
        {isOut && <span className="sr-only">outside its limits</span>}
      </span>
    </div>
  );
}

/** Temperatures first, each metric together. */
function inOrder(probes: readonly RoomProbe[]): RoomProbe[] {
  return [...probes].sort((a, b) => b.metric.localeCompare(a.metric));
}

function isOutside({ valueMilli, lowMilli, highMilli }: RoomProbe): boolean {
  if (valueMilli === null) return false;
  return (lowMilli !== null && valueMilli < lowMilli) || (highMilli !== null && valueMilli > highMilli);
}
