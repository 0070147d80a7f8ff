/**
 * What happened, as it is seen from outside: what the edge knows to be durable, what went over the wire, what the
 * cloud acked. Only ever added to. The checkers read this, the journal files and the ledger's tables, and nothing of
 * what the system under test believes about itself.
 */
import { createHash } from 'node:crypto';
import type { Lane } from '../../protocol/events/lanes.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import type { Ack } from '../../protocol/link/ack.ts';
import { decodeBatch } from '../../protocol/link/batch.ts';
import type { Violation, ViolationKind } from './violations.ts';

/** One event that the workload offered to the journal. */
export interface EdgeEvent {
  readonly gateway: string;
  readonly lane: Lane;
  /** Unique among all events. */
  readonly marker: string;
  /** What it is about; two attempts to report one thing share it, and only one may stand in the ledger. */
  readonly subject: string;
  /** Place among the appends of its gateway. */
  readonly order: number;
  readonly event: StockEvent;
  /** When it was offered, by the clock of the world: what a right clock would have said. */
  readonly trueAt: number;
  durable: boolean;
}

/** A thing seen whose checkpoint was offered: once that is durable, its event must come. */
interface SightedSubject {
  readonly gateway: string;
  readonly lane: Lane;
  durable: boolean;
}

interface WireRecord {
  readonly seq: number;
  readonly marker: string | undefined;
  /** The name the ledger keeps it under. */
  readonly key: string;
}

interface WireLane {
  readonly gateway: string;
  readonly epoch: string;
  readonly lane: string;
  readonly records: Map<number, WireRecord>;
  readonly ranges: [first: number, last: number][];
  /** Highest ack that left the cloud. */
  ackedUpTo: number;
}

export const ledgerKey = (gateway: string, epoch: string, lane: string, seq: number) =>
  `${gateway}/${epoch}/${lane}/${seq}`;

export class History {
  readonly edge = new Map<string, EdgeEvent>();
  readonly sighted = new Map<string, SightedSubject>();
  readonly wire = new Map<string, WireLane>();
  readonly violations: Violation[] = [];
  /** Gateways whose journal file was damaged, with the subjects that were open then. */
  readonly damaged = new Map<string, Set<string>>();
  readonly crashes = { gateway: 0, cloud: 0 };
  batches = 0;
  readonly #hash = createHash('sha256');
  readonly #now: () => number;
  readonly #onTrace: ((line: string) => void) | undefined;

  constructor(now: () => number, onTrace?: (line: string) => void) {
    this.#now = now;
    this.#onTrace = onTrace;
  }

  /** One line of the trace; the same seed gives the same lines. */
  note(line: string): void {
    const text = `${new Date(this.#now()).toISOString()} ${line}`;
    this.#hash.update(text).update('\n');
    this.#onTrace?.(text);
  }

  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  violate(kind: ViolationKind, detail: string): void {
    this.note(`VIOLATION ${kind}: ${detail}`);
    this.violations.push({ kind, detail });
  }

  offered(event: Omit<EdgeEvent, 'durable' | 'trueAt'>): EdgeEvent {
    const offered = { ...event, trueAt: this.#now(), durable: false };
    this.edge.set(event.marker, offered);
    return offered;
  }

  laneOf(gateway: string, epoch: string, lane: string): WireLane {
    const name = `${gateway}/${epoch}/${lane}`;
    let known = this.wire.get(name);
    if (known === undefined) {
      known = { gateway, epoch, lane, records: new Map(), ranges: [], ackedUpTo: 0 };
      this.wire.set(name, known);
    }
    return known;
  }

  /** A batch leaves a gateway. */
  sent(gateway: string, payload: Uint8Array): void {
    this.batches++;
    const decoded = decodeBatch(payload);
    if (!decoded.ok) {
      this.violate('broken', `${gateway} sends what is no batch: ${decoded.reason}`);
      return;
    }
    const { batch } = decoded;
    this.note(`${gateway} sends ${batch.epoch}/${batch.lane} ${batch.firstSeq}..${batch.lastSeq}`);
    const lane = this.laneOf(gateway, batch.epoch, batch.lane);
    lane.ranges.push([batch.firstSeq, batch.lastSeq]);
    const held = new Set(batch.events.map(seqOf));
    for (const seq of lane.records.keys()) {
      // Sent before, covered now without its event: it was given up, which a gap event has to declare.
      if (seq >= batch.firstSeq && seq <= batch.lastSeq && !held.has(seq)) lane.records.delete(seq);
    }
    for (const raw of batch.events) {
      const record = wireRecord(raw, gateway, batch.epoch, batch.lane);
      if (record === undefined)
        this.violate('broken', `${gateway} sends what is no event: ${JSON.stringify(raw)}`);
      else lane.records.set(record.seq, record);
    }
    if (batch.prunedUpTo > lane.ackedUpTo) {
      const claim = `${batch.prunedUpTo}, acked is ${lane.ackedUpTo}`;
      this.violate(
        'prunedEarly',
        `${gateway} says of ${batch.epoch}/${batch.lane} that it pruned up to ${claim}`,
      );
    }
  }

  ackLeft({ gateway, epoch, lane, upTo }: Ack): void {
    this.note(`cloud acks ${gateway}/${epoch}/${lane} ${upTo}`);
    const acked = this.laneOf(gateway, epoch, lane);
    acked.ackedUpTo = Math.max(acked.ackedUpTo, upTo);
  }
}

function seqOf(raw: unknown): unknown {
  return typeof raw === 'object' && raw !== null && 'seq' in raw ? raw.seq : undefined;
}

function wireRecord(raw: unknown, gateway: string, epoch: string, lane: string): WireRecord | undefined {
  if (typeof raw !== 'object' || raw === null || !('seq' in raw) || typeof raw.seq !== 'number')
    return undefined;
  const { seq } = raw;
  const origin = 'origin' in raw ? (raw.origin as { epoch: string; seq: number } | undefined) : undefined;
  const marker = 'event' in raw ? markerOf(raw.event) : undefined;
  return { seq, marker, key: ledgerKey(gateway, origin?.epoch ?? epoch, lane, origin?.seq ?? seq) };
}

/** The workload's name on an event; the gateway's own events (gaps, clock steps) have none. */
export function markerOf(event: unknown): string | undefined {
  if (typeof event !== 'object' || event === null || !('marker' in event)) return undefined;
  return typeof event.marker === 'string' ? event.marker : undefined;
}
