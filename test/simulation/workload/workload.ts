/**
 * What the edge makes: passes that are checkpointed at first sight and become events when they close, samples,
 * weighings, contacts and device events, alone and in bursts, over all gateways. It offers them as sensing does (event
 * and dropped checkpoint in one entry), takes up after a restart what the checkpoints hold, and writes down what it
 * knows to be durable.
 */
import type { DurableOutbox } from '../../../gateway/app/devices/durable-outbox.ts';
import type { JournalEntry } from '../../../gateway/journal/journal.ts';
import { laneOf } from '../../../protocol/events/event-kinds.ts';
import type { StockEvent } from '../../../protocol/events/stock-event.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import type { FaultBox } from '../faults/fault-kinds.ts';
import type { EdgeEvent, History } from '../history.ts';
import { drawEvent, drawSighting, oversizeEvent, passEvents, type Sighting } from './events.ts';

/** A gateway that is up, as sensing has it. */
interface EdgeProcess {
  readonly gateway: string;
  /** As this gateway reads it. */
  now(): number;
  readonly outbox: DurableOutbox;
  setTimer: Clock['setTimer'];
}

interface WorkloadParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly faults: FaultBox;
  readonly history: History;
  readonly durationMs: number;
}

const SESSION = 'session/';

export class Workload {
  readonly #parts: WorkloadParts;
  readonly #up = new Map<string, EdgeProcess>();
  #subjects = 0;
  #orders = 0;
  #attempts = 0;
  /** Offered by a process that lives, and neither durable nor refused. */
  #pending = new Map<string, number>();
  #ended = false;

  constructor(parts: WorkloadParts) {
    this.#parts = parts;
  }

  /** Draws when things will happen; bursts lie close together. */
  plan(gateways: readonly string[], acts: number): void {
    const { clock, random, durationMs } = this.#parts;
    for (let planned = 0; planned < acts; ) {
      const gateway = random.pick(gateways);
      const burst = random.next() < 0.3 ? random.integer(3, 12) : 1;
      let at = random.integer(1000, durationMs);
      for (let act = 0; act < burst && planned < acts; act++, planned++) {
        clock.setTimer(at, 'act', () => this.#act(gateway));
        at += random.integer(0, 400);
      }
    }
    if (this.#parts.faults.strength('oversize-event') > 0) {
      const gateway = random.pick(gateways);
      clock.setTimer(random.integer(1000, durationMs), 'oversize', () => this.#oversize(gateway));
    }
  }

  /** A gateway is up again, with the checkpoints that its journal kept. */
  start(edge: EdgeProcess, checkpoints: readonly { key: string; body: string }[]): void {
    this.#up.set(edge.gateway, edge);
    this.#pending.set(edge.gateway, 0);
    for (const { key, body } of checkpoints) {
      const sighting = readSighting(body);
      if (sighting !== undefined) this.#close(edge, key, sighting);
    }
  }

  stop(gateway: string): void {
    this.#up.delete(gateway);
    this.#pending.set(gateway, 0);
  }

  /** No new sights from now on; those that are open still close. */
  end(): void {
    this.#ended = true;
  }

  /** Entries on their way into the journal of a gateway that is up. */
  pending(gateway: string): number {
    return this.#pending.get(gateway) ?? 0;
  }

  #act(gateway: string): void {
    const edge = this.#up.get(gateway);
    if (edge === undefined || this.#ended) return;
    const { random } = this.#parts;
    if (random.next() < 0.4) this.#sight(edge);
    else {
      const events = Array.from({ length: random.next() < 0.2 ? random.integer(2, 5) : 1 }, () =>
        this.#offer(edge, this.#nextSubject(gateway), (marker) =>
          drawEvent(random, gateway, edge.now(), marker),
        ),
      );
      this.#append(edge, events, { patient: random.next() < 0.3 });
    }
  }

  #oversize(gateway: string): void {
    const edge = this.#up.get(gateway);
    if (edge === undefined || this.#ended) return;
    const { random, faults } = this.#parts;
    faults.count('oversize-event');
    const make = (marker: string) => oversizeEvent(random, edge.now(), marker);
    this.#append(edge, [this.#offer(edge, this.#nextSubject(gateway), make)]);
  }

  /** A tag is seen: the checkpoint first, the event when the pass has ended. */
  #sight(edge: EdgeProcess): void {
    const { random, history } = this.#parts;
    const { gateway } = edge;
    const subject = this.#nextSubject(gateway);
    const sighting = drawSighting(random, subject, gateway, edge.now());
    const key = `${SESSION}${subject}`;
    const seen = { gateway, lane: 'stock' as const, durable: false };
    history.sighted.set(subject, seen);
    this.#append(edge, [], { put: [{ key, body: JSON.stringify(sighting) }] }, () => {
      seen.durable = true;
    });
    edge.setTimer(random.integer(100, 20_000), 'pass ends', () => this.#close(edge, key, sighting));
  }

  #close(edge: EdgeProcess, key: string, sighting: Sighting): void {
    const { history } = this.#parts;
    const attempt = ++this.#attempts;
    const markers = sighting.parts.map((_, index) => `${sighting.subject}#${index + 1}~${attempt}`);
    const events = passEvents(sighting, edge.now(), markers).map((event, index) =>
      history.offered({
        gateway: edge.gateway,
        lane: 'stock',
        marker: markers[index] ?? '',
        subject: `${sighting.subject}#${index + 1}`,
        order: ++this.#orders,
        event,
      }),
    );
    this.#append(edge, events, { drop: [key] });
  }

  #offer(edge: EdgeProcess, subject: string, make: (marker: string) => StockEvent): EdgeEvent {
    const marker = `${subject}~${++this.#attempts}`;
    const event = make(marker);
    const order = ++this.#orders;
    return this.#parts.history.offered({
      gateway: edge.gateway,
      lane: laneOf(event.type),
      marker,
      subject,
      order,
      event,
    });
  }

  #append(
    edge: EdgeProcess,
    events: readonly EdgeEvent[],
    rest: Partial<JournalEntry> = {},
    onDurable: () => void = () => {},
  ): void {
    const { gateway } = edge;
    const settled = () => {
      if (this.#up.get(gateway) === edge) this.#pending.set(gateway, this.pending(gateway) - 1);
    };
    this.#pending.set(gateway, this.pending(gateway) + 1);
    const entry: JournalEntry = { events: events.map(({ event }) => event), put: [], drop: [], ...rest };
    edge.outbox.append(entry).then(
      () => {
        for (const event of events) event.durable = true;
        onDurable();
        settled();
      },
      // Refused: it may be reported as a gap, and must not come twice.
      settled,
    );
  }

  #nextSubject(gateway: string): string {
    return `${gateway}.${++this.#subjects}`;
  }
}

/** Undefined for a checkpoint that damage has made unreadable. */
function readSighting(body: string): Sighting | undefined {
  try {
    return JSON.parse(body) as Sighting;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
