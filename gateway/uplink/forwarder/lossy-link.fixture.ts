/**
 * What tests of the forwarder over a real journal share: a link that loses, doubles, delays and refuses, a cloud that
 * keeps events by name and acks what is without holes, and events of each lane.
 */
import type { Lane } from '../../../protocol/events/lanes.ts';
import type { StockEvent } from '../../../protocol/events/stock-event.ts';
import { decodeBatch, MAX_BATCH_BYTES } from '../../../protocol/link/batch.ts';
import { seededRandom } from '../../../protocol/ports/random.ts';
import type { VirtualClock } from '../../../protocol/ports/virtual-clock.ts';
import { clockAt } from '../../../test/support/clock-at.ts';
import { JournalFolder } from '../../journal/worker/journal.fixture.ts';
import { type OpenJournal, openJournal } from '../../journal/worker/open-journal.ts';
import { createMemoryUplink, type MemoryUplink } from '../memory-uplink.ts';
import { createForwarder, type Forwarder } from './forwarder.ts';
import type { ForwarderOptions } from './forwarder-options.ts';

export const START = Date.UTC(2026, 8, 1, 6);
/** Of the running test; it removes them. */
export const folders: JournalFolder[] = [];

interface LinkFaults {
  /** Chances of one batch or ack to be lost or doubled on the way. */
  readonly loss: number;
  readonly duplication: number;
  readonly maxDelayMs: number;
  /** Chance that the carrier does not answer for a batch. */
  readonly refusal: number;
}
export const SOUND: LinkFaults = { loss: 0, duplication: 0, maxDelayMs: 5, refusal: 0 };

/** What the cloud keeps: events by (epoch, lane, seq), the contiguous watermark, and the order of arrival. */
class CloudModel {
  readonly events = new Map<string, unknown>();
  readonly arrivals: Lane[] = [];
  readonly acked = new Map<string, number>();
  conflicts = 0;
  #covered = new Map<string, Set<number>>();

  take(payload: Uint8Array): { epoch: string; lane: Lane; upTo: number } {
    if (payload.length > MAX_BATCH_BYTES) throw new Error(`a batch of ${payload.length} bytes`);
    const decoded = decodeBatch(payload);
    if (!decoded.ok) throw new Error(decoded.reason);
    const { epoch, lane, firstSeq, lastSeq, events } = decoded.batch;
    this.arrivals.push(lane);
    for (const event of events) {
      if (typeof event !== 'object' || event === null || !('seq' in event)) throw new Error('no seq');
      const key = `${epoch}/${lane}/${String(event.seq)}`;
      const body = JSON.stringify(event);
      if (this.events.has(key) && this.events.get(key) !== body) this.conflicts++;
      this.events.set(key, body);
    }
    const name = `${epoch}/${lane}`;
    const covered = this.#covered.get(name) ?? new Set<number>();
    this.#covered.set(name, covered);
    for (let seq = firstSeq; seq <= lastSeq; seq++) covered.add(seq);
    let upTo = this.acked.get(name) ?? 0;
    while (covered.has(upTo + 1)) upTo++;
    this.acked.set(name, upTo);
    return { epoch, lane, upTo };
  }

  bodies(lane: Lane): unknown[] {
    return [...this.events]
      .filter(([key]) => key.split('/')[1] === lane)
      .toSorted(([a], [b]) => Number(a.split('/')[2]) - Number(b.split('/')[2]))
      .map(([, body]) => JSON.parse(String(body)).event);
  }
}

interface LossyBench {
  readonly clock: VirtualClock;
  readonly journal: OpenJournal;
  readonly uplink: MemoryUplink;
  readonly forwarder: Forwarder;
  readonly cloud: CloudModel;
  faults: LinkFaults;
  close(): Promise<void>;
}

export async function bench(
  options: {
    seed?: number;
    faults?: LinkFaults;
    forwarder?: ForwarderOptions;
    file?: string;
    cloud?: CloudModel;
  } = {},
): Promise<LossyBench> {
  const clock = clockAt(START);
  const folder = new JournalFolder();
  folders.push(folder);
  const stamp = () => ({
    recordedAt: clock.now(),
    bootId: 'boot-1',
    monotonicMs: clock.monotonicMs(),
    clock: 'synced' as const,
  });
  const file = options.file ?? folder.file;
  const journal = await openJournal({ file, clock, stamp, inThread: true });
  const random = seededRandom(options.seed ?? 1, 'link');
  const cloud = options.cloud ?? new CloudModel();
  const result: { faults: LinkFaults } = { faults: options.faults ?? SOUND };
  /** Zero, one or two deliveries, each with its own delay: so things overtake one another. */
  const carry = (name: string, work: () => void) => {
    const { loss, duplication, maxDelayMs } = result.faults;
    const copies = random.next() < loss ? 0 : random.next() < duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) clock.setTimer(random.integer(1, maxDelayMs), name, work);
  };
  const uplink = createMemoryUplink({
    gateway: 'dc-1',
    deliver: async (_lane, payload) => {
      carry('to cloud', () => {
        const ack = cloud.take(payload);
        carry('to gateway', () => uplink.ack({ v: 1, gateway: 'dc-1', ...ack }));
      });
      if (random.next() < result.faults.refusal) throw new Error('the carrier refused');
    },
  });
  const forwarder = createForwarder({
    gateway: 'dc-1',
    journal,
    uplink,
    clock,
    random: seededRandom(options.seed ?? 1, 'forwarder'),
    options: options.forwarder ?? {},
  });
  forwarder.start();
  return Object.assign(result, {
    clock,
    journal,
    uplink,
    forwarder,
    cloud,
    async close() {
      await forwarder.close();
      await journal.close();
    },
  });
}

export const MAKE: Record<Lane, (n: number) => StockEvent> = {
  stock: (n) => ({
    type: 'weighing',
    readPoint: 'scale-1',
    device: 'scale-1',
    occurredAt: START + n,
    netMilligrams: n,
    stability: 'device',
    unit: 'kg',
    raw: '',
  }),
  condition: (n) => ({
    type: 'sample',
    readPoint: 'cold-1',
    device: 'probe-1',
    occurredAt: START + n,
    metric: 'temperature',
    valueMilli: n,
    reason: 'change',
  }),
  health: (n) => ({
    type: 'device',
    device: 'reader-1',
    occurredAt: START + n,
    condition: 'silent',
    active: true,
    detail: String(n),
  }),
};

export function append(journal: OpenJournal, lane: Lane, from: number, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, n) => MAKE[lane](from + n));
  return journal.append({ events, put: [], drop: [] });
}
