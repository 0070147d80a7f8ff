/**
 * What tests of the forwarder share beside a real journal: a journal that makes its events up when they are read (a
 * backlog of any length costs nothing), a carrier of a given speed, and a cloud that acks what is without holes.
 */
import { laneOf } from '../../../protocol/events/event-kinds.ts';
import type { Lane } from '../../../protocol/events/lanes.ts';
import type { StockEvent } from '../../../protocol/events/stock-event.ts';
import type { Ack } from '../../../protocol/link/ack.ts';
import { decodeBatch, type ReceivedBatch } from '../../../protocol/link/batch.ts';
import { seededRandom } from '../../../protocol/ports/random.ts';
import type { VirtualClock } from '../../../protocol/ports/virtual-clock.ts';
import { clockAt } from '../../../test/support/clock-at.ts';
import type { Journal, JournalStatus } from '../../journal/journal.ts';
import { createMemoryUplink, type MemoryUplink } from '../memory-uplink.ts';
import { createForwarder, type Forwarder } from './forwarder.ts';
import type { ForwarderOptions } from './forwarder-options.ts';

export const START = Date.UTC(2026, 8, 1, 6);

/** Events of a lane, made from their seq alone; `noise` bytes of each do not compress. */
function madeUpEvent(lane: Lane, seq: number, noise: number): StockEvent {
  const random = seededRandom(seq, lane);
  const text = Array.from({ length: noise }, () => String.fromCharCode(random.integer(33, 126))).join('');
  const more = noise === 0 ? {} : { noise: text };
  if (lane === 'stock')
    return {
      type: 'weighing',
      readPoint: 'scale-1',
      device: 'scale-1',
      occurredAt: START + seq,
      netMilligrams: seq,
      stability: 'device',
      unit: 'kg',
      raw: '',
      ...more,
    };
  if (lane === 'condition')
    return {
      type: 'sample',
      readPoint: 'cold-1',
      device: 'probe-1',
      occurredAt: START + seq,
      metric: 'temperature',
      valueMilli: seq,
      reason: 'change',
      ...more,
    };
  return {
    type: 'device',
    device: 'reader-1',
    occurredAt: START + seq,
    condition: 'silent',
    active: true,
    detail: String(seq),
    ...more,
  };
}

export class MadeUpJournal implements Journal {
  epoch = 'epoch-0001';
  readonly boot = { n: 3, id: 'opening-3', base: { stock: 11, condition: 12, health: 13 } };
  readonly marks: string[] = [];
  readonly lastSeq: Record<Lane, number> = { stock: 0, condition: 0, health: 0 };
  readonly prunedUpTo: Record<Lane, number> = { stock: 0, condition: 0, health: 0 };
  forked: JournalStatus['forked'];
  readonly #noise: number;
  #listeners: ((lane: Lane, lastSeq: number) => void)[] = [];

  constructor(noise = 0) {
    this.#noise = noise;
  }

  /** `count` more events of the lane, durable from now on. */
  grow(lane: Lane, count: number): void {
    this.lastSeq[lane] += count;
    for (const listener of this.#listeners) listener(lane, this.lastSeq[lane]);
  }

  async append(entry: { readonly events: readonly StockEvent[] }): Promise<void> {
    for (const event of entry.events) this.grow(laneOf(event.type), 1);
  }

  async read(lane: Lane, afterSeq: number, maxEvents: number, maxBytes: number) {
    const last = Math.min(this.lastSeq[lane], afterSeq + maxEvents);
    if (last <= afterSeq) return undefined;
    const records = [];
    let bytes = 0;
    for (let seq = afterSeq + 1; seq <= last && (records.length === 0 || bytes < maxBytes); seq++) {
      records.push({
        seq,
        recordedAt: START,
        bootId: 'boot-1',
        monotonicMs: 0,
        clock: 'synced' as const,
        event: madeUpEvent(lane, seq, this.#noise),
      });
      bytes += 200 + this.#noise;
    }
    return { firstSeq: afterSeq + 1, lastSeq: afterSeq + records.length, records };
  }

  async prune(epoch: string, lane: Lane, upTo: number): Promise<void> {
    if (epoch === this.epoch) this.prunedUpTo[lane] = Math.max(this.prunedUpTo[lane], upTo);
  }

  async markForked(detail: string): Promise<void> {
    this.marks.push(detail);
    this.forked ??= { at: START, detail };
  }

  async checkpoints() {
    return [];
  }

  async status(): Promise<JournalStatus> {
    const lane = (name: Lane) => ({
      lastSeq: this.lastSeq[name],
      prunedUpTo: this.prunedUpTo[name],
      waiting: this.lastSeq[name] - this.prunedUpTo[name],
    });
    const lanes = { stock: lane('stock'), condition: lane('condition'), health: lane('health') };
    const disk = {
      fileBytes: 0,
      walBytes: 0,
      maxBytes: 0,
      reserve: { bytes: 0, held: false },
      conditions: [],
    };
    return { epoch: this.epoch, boot: this.boot, lanes, ...disk, forked: this.forked };
  }

  onAppended(listener: (lane: Lane, lastSeq: number) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {}
}

/** A batch on its way, and when it left the gateway (virtual monotonic ms). */
interface Sent {
  readonly atMs: number;
  readonly bytes: number;
  readonly batch: ReceivedBatch;
}

interface LinkRig {
  readonly clock: VirtualClock;
  readonly journal: MadeUpJournal;
  readonly uplink: MemoryUplink;
  readonly forwarder: Forwarder;
  readonly sent: Sent[];
  /** Highest seq without holes, per lane. */
  readonly upTo: Record<Lane, number>;
  /** May be changed while it runs. */
  link: LinkShape;
  close(): Promise<void>;
}

export interface LinkShape {
  readonly bytesPerSecond: number;
  readonly wayMs: number;
  /** The carrier takes what it is given, but acknowledges nothing. */
  readonly carrierSilent?: boolean;
  /** Nothing reaches the cloud, or it says nothing. */
  readonly cloudSilent?: boolean;
  /** Taken by the carrier and never seen by a cloud: one that died with it in hand. */
  readonly loses?: (batch: ReceivedBatch) => boolean;
  /** The carrier ends a connection on which a batch takes longer than this. */
  readonly patienceMs?: number;
  readonly answer?: (ack: Ack) => Ack;
}

export function linkRig(
  link: LinkShape,
  parts: {
    readonly noise?: number;
    readonly options?: ForwarderOptions;
    readonly onAckAt?: (at: number, sentMonotonicMs: number) => void;
    readonly journal?: MadeUpJournal;
  } = {},
): LinkRig {
  const clock = clockAt(START);
  const journal = parts.journal ?? new MadeUpJournal(parts.noise ?? 0);
  const upTo: Record<Lane, number> = { ...journal.prunedUpTo };
  const held: Record<Lane, [number, number][]> = { stock: [], condition: [], health: [] };
  const sent: Sent[] = [];
  let freeAtMs = 0;
  let connection = 0;

  const take = (batch: ReceivedBatch): Ack => {
    const { gateway, epoch, lane, firstSeq, lastSeq } = batch;
    held[lane].push([firstSeq, lastSeq]);
    for (let moved = true; moved; ) {
      moved = false;
      for (const [first, last] of held[lane]) {
        if (first > upTo[lane] + 1 || last <= upTo[lane]) continue;
        upTo[lane] = last;
        moved = true;
      }
    }
    held[lane] = held[lane].filter(([, last]) => last > upTo[lane]);
    const ack: Ack = { v: 1, gateway, epoch, lane, upTo: upTo[lane], at: clock.now() };
    return rig.link.answer?.(ack) ?? ack;
  };

  const deliver = (_lane: Lane, payload: Uint8Array) =>
    new Promise<void>((resolve) => {
      const decoded = decodeBatch(payload);
      if (!decoded.ok) throw new Error(decoded.reason);
      const nowMs = clock.monotonicMs();
      sent.push({ atMs: nowMs, bytes: payload.length, batch: decoded.batch });
      const { bytesPerSecond, wayMs, carrierSilent, patienceMs } = rig.link;
      freeAtMs = Math.max(freeAtMs, nowMs) + (payload.length / bytesPerSecond) * 1000;
      const mine = connection;
      if (carrierSilent === true) return;
      if (patienceMs !== undefined && freeAtMs - nowMs > patienceMs) {
        clock.setTimer(patienceMs, 'carrier gives up', () => mine === connection && breakLink());
        return;
      }
      clock.setTimer(freeAtMs - nowMs + wayMs, 'carrier', () => {
        if (mine !== connection) return;
        if (rig.link.cloudSilent !== true && rig.link.loses?.(decoded.batch) !== true) {
          const ack = take(decoded.batch);
          clock.setTimer(wayMs, 'ack', () => uplink.ack(ack));
        }
        resolve();
      });
    });
  const breakLink = () => {
    connection++;
    freeAtMs = 0;
    uplink.cut('no answer');
    clock.setTimer(1500, 'dial', () => uplink.restore());
  };

  const uplink = createMemoryUplink({ gateway: 'dc-1', deliver });
  const forwarder = createForwarder({
    gateway: 'dc-1',
    journal,
    uplink,
    clock,
    random: seededRandom(1, 'forwarder'),
    ...(parts.options === undefined ? {} : { options: parts.options }),
    ...(parts.onAckAt === undefined ? {} : { onAckAt: parts.onAckAt }),
  });
  const rig: LinkRig = {
    clock,
    journal,
    uplink,
    forwarder,
    sent,
    upTo,
    link,
    close: () => forwarder.close(),
  };
  return rig;
}

/** When a seq first left the gateway; undefined: not yet. */
export function leftAtMs(sent: readonly Sent[], lane: Lane, seq: number): number | undefined {
  return sent.find(({ batch }) => batch.lane === lane && batch.firstSeq <= seq && seq <= batch.lastSeq)?.atMs;
}
