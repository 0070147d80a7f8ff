/**
 * Drains a filled journal file into a cloud over real MQTT, with the forwarder's own pacing. An event counts when the
 * cloud's ack, which follows the commit, has come back. Meanwhile a live stock event is appended every 250 ms: its
 * delay is from append to the ack that covers it.
 */
import { randomUUID } from 'node:crypto';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { openJournal } from '../../gateway/journal/worker/open-journal.ts';
import { createForwarder } from '../../gateway/uplink/forwarder/forwarder.ts';
import { createMqttUplink } from '../../gateway/uplink/mqtt/mqtt-uplink.ts';
import type { Uplink } from '../../gateway/uplink/uplink.ts';
import { LANES } from '../../protocol/events/lanes.ts';
import type { Stamp } from '../../protocol/events/record.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import type { Ack } from '../../protocol/link/ack.ts';
import type { Clock } from '../../protocol/ports/clock.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { until } from '../support/processes.ts';
import type { CloudProcess } from './cloud-process.ts';

const LIVE_EVERY_MS = 250;
const LIMIT_MS = 3_600_000;

export interface Drained {
  /** From the first connection to the ack of the last event of the backlog. */
  readonly seconds: number;
  /** Of each live event, append to ack. */
  readonly liveMs: readonly number[];
  /** On the link, resends included, over the events of the backlog. */
  readonly bytesPerEvent: number;
  readonly batchesResent: number;
}

export async function drainJournal(cloud: CloudProcess, file: string): Promise<Drained> {
  const clock = systemClock();
  const random = seededRandom('bench', 'drain');
  const journal = await openJournal({ file, clock, stamp: stampBy(clock) });
  const { lanes: backlog } = await journal.status();
  const live = watchLive(backlog.stock.lastSeq);
  const uplink = createMqttUplink({
    gateway: cloud.gateway,
    url: cloud.brokerUrl,
    clock,
    random,
    username: cloud.gateway,
    password: cloud.token,
  });
  const forwarder = createForwarder({
    gateway: cloud.gateway,
    journal,
    uplink: listening(uplink, live.onAck),
    clock,
    random,
  });
  try {
    const begun = performance.now();
    forwarder.start();
    const ticker = setInterval(() => {
      const sequence = live.append();
      journal.append({ events: [weighing(sequence)], put: [], drop: [] }).catch(() => {});
    }, LIVE_EVERY_MS);
    const isDrained = () => {
      const { lanes } = forwarder.status();
      return LANES.every((lane) => lanes[lane].ackedUpTo >= backlog[lane].lastSeq);
    };
    await until('the backlog to be acked', isDrained, LIMIT_MS).finally(() => clearInterval(ticker));
    const seconds = (performance.now() - begun) / 1000;
    await until('the last live event', () => forwarder.status().lanes.stock.ackedUpTo >= live.lastSeq());
    const { bytesSent, batchesResent } = forwarder.status().counters;
    const events = LANES.reduce((sum, lane) => sum + backlog[lane].waiting, 0);
    return { seconds, liveMs: live.delaysMs, bytesPerEvent: bytesSent / events, batchesResent };
  } finally {
    await forwarder.close();
    await journal.close();
  }
}

export function stampBy(clock: Clock): () => Stamp {
  const bootId = randomUUID();
  return () => ({ recordedAt: clock.now(), bootId, monotonicMs: clock.monotonicMs(), clock: 'synced' });
}

/** The live events are the only ones appended to the stock lane now: their seqs follow those of the backlog. */
function watchLive(backlogSeq: number) {
  const since = new Map<number, number>();
  const delaysMs: number[] = [];
  let seq = backlogSeq;
  return {
    delaysMs,
    lastSeq: () => seq,
    append() {
      since.set(++seq, performance.now());
      return seq;
    },
    onAck(ack: Ack) {
      if (ack.lane !== 'stock') return;
      for (const [waiting, at] of since) {
        if (waiting > ack.upTo) continue;
        delaysMs.push(performance.now() - at);
        since.delete(waiting);
      }
    },
  };
}

function weighing(n: number): StockEvent {
  return {
    type: 'weighing',
    readPoint: 'scale-1',
    device: 'scale-1',
    occurredAt: Date.now(),
    netMilligrams: n * 1000,
    stability: 'device',
    unit: 'kg',
    raw: 'S S     100.00 kg',
  };
}

function listening(uplink: Uplink, onAck: (ack: Ack) => void): Uplink {
  return {
    start: (handlers) =>
      uplink.start({
        ...handlers,
        onAck(ack) {
          onAck(ack);
          handlers.onAck(ack);
        },
      }),
    get connected() {
      return uplink.connected;
    },
    get state() {
      return uplink.state;
    },
    publish: (lane, payload) => uplink.publish(lane, payload),
    restart: (reason) => uplink.restart(reason),
    close: () => uplink.close(),
  };
}
