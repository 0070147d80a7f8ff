/** The events that the edge makes up, each with its marker. Times are what the gateway's clock says. */
import { METRIC_NAMES } from '../../../protocol/events/metrics.ts';
import type { StockEvent } from '../../../protocol/events/stock-event.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import { dockOf, INNER_DOOR, PROBES, SCALES, TAGS } from './site.ts';

/** One pass through a door, as its checkpoint keeps it. */
export interface Sighting {
  readonly subject: string;
  readonly gateway: string;
  readonly kind: 'receipt' | 'dispatch' | 'passage';
  readonly startedAt: number;
  readonly direction: 'IN' | 'OUT' | 'TURNED_BACK';
  readonly parts: readonly (readonly string[])[];
}

export function drawSighting(random: Random, subject: string, gateway: string, now: number): Sighting {
  const kind = random.pick(['receipt', 'dispatch', 'passage', 'passage'] as const);
  const inner = random.pick(['IN', 'OUT', 'IN', 'OUT', 'TURNED_BACK'] as const);
  const direction = kind === 'receipt' ? 'IN' : kind === 'dispatch' ? 'OUT' : inner;
  const parts = Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, () =>
    Array.from({ length: random.integer(1, 3) }, () => random.pick(TAGS)),
  );
  return { subject, gateway, kind, startedAt: now, direction, parts };
}

/** The events of a pass that ended at `now`; all parts bear one pass id. */
export function passEvents(sighting: Sighting, now: number, markers: readonly string[]): StockEvent[] {
  const { gateway, kind, startedAt, direction, parts } = sighting;
  const readPoint = kind === 'passage' ? INNER_DOOR : dockOf(gateway);
  return parts.map((epcs, index) => ({
    type: kind,
    readPoint,
    occurredAt: now,
    startedAt,
    passId: `${readPoint}@${sighting.subject}`,
    part: index + 1,
    parts: parts.length,
    direction,
    directionSource: 'photo-eye' as const,
    tags: epcs.map((epc) => ({
      epc,
      firstSeenAt: startedAt,
      lastSeenAt: now,
      readCount: 3,
      antennas: ['1'],
    })),
    straysIgnored: 0,
    marker: markers[index],
  }));
}

const EVENT_KINDS = ['sample', 'sample', 'sample', 'contact', 'weighing', 'device'] as const;

/** Something that is one event at once. */
export function drawEvent(random: Random, gateway: string, now: number, marker: string): StockEvent {
  switch (random.pick(EVENT_KINDS)) {
    case 'sample':
      return {
        type: 'sample',
        readPoint: random.pick(PROBES),
        device: `bus-${gateway}`,
        occurredAt: now,
        metric: random.pick(METRIC_NAMES),
        valueMilli: random.integer(2000, 12_000),
        reason: 'change',
        marker,
      };
    case 'contact':
      return {
        type: 'contact',
        readPoint: random.pick(PROBES),
        device: `door-${gateway}`,
        occurredAt: now,
        state: random.pick(['open', 'closed'] as const),
        marker,
      };
    case 'weighing': {
      const netMilligrams = random.integer(0, 50) * 1000;
      const fields = {
        readPoint: random.pick(SCALES),
        device: 'scale',
        unit: 'g',
        raw: `S S ${netMilligrams}`,
      };
      return { type: 'weighing', ...fields, occurredAt: now, netMilligrams, stability: 'device', marker };
    }
    case 'device': {
      const condition = random.pick(['silent', 'battery-low']);
      const device = random.pick(['reader', 'scale']);
      return {
        type: 'device',
        device,
        occurredAt: now,
        condition,
        active: random.next() < 0.5,
        detail: '',
        marker,
      };
    }
  }
}

/** An event that fits no batch, however well it is packed. */
export function oversizeEvent(random: Random, now: number, marker: string): StockEvent {
  const ballast = Array.from({ length: 16_000 }, () => random.integer(0, 0xffffffff).toString(36)).join('');
  const fields = { device: 'reader', condition: 'silent', active: true, detail: 'oversize', ballast };
  return { type: 'device', occurredAt: now, ...fields, marker };
}
