/**
 * Raw tag reads through the gateway: bytes → LLRP driver → device runner → portal → journal in its worker, FULL.
 * Rates are reads per second of processor time of the whole process, journal thread included: what one core does,
 * whatever else runs on the machine. The floor decodes the same bytes into messages and does nothing with them.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostDevice } from '../../firmware-sim/app/device-host.ts';
import { LlrpReader } from '../../firmware-sim/devices/llrp-reader/llrp-reader.ts';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { createDeviceRunner } from '../../gateway/app/devices/device-runner.ts';
import { createDurableOutbox } from '../../gateway/app/devices/durable-outbox.ts';
import { createSensingHub } from '../../gateway/app/devices/sensing-hub.ts';
import type { ByteDriver } from '../../gateway/drivers/driver.ts';
import { llrp } from '../../gateway/drivers/llrp/driver.ts';
import { openJournal } from '../../gateway/journal/worker/open-journal.ts';
import type { LineHandlers, LineOpener } from '../../gateway/transports/line.ts';
import type { Clock } from '../../protocol/ports/clock.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { decodeMessage, isKnownMessageType } from '../../protocol/wire/llrp/codec.ts';
import { LlrpFramer } from '../../protocol/wire/llrp/framing.ts';
import { type BenchLine, type BenchOptions, median, rounded } from './bench-line.ts';
import { startBusyGateway } from './busy-gateway.ts';
import { portalOf } from './busy-readers.ts';
import { READS_PER_SECOND, type ReaderStream, readerStream } from './reader-stream.ts';
import { createSteppedTime } from './stepped-time.ts';

const READERS = 4;
const BUDGET_READS_PER_SECOND = 50_000;
const BUDGET_PERCENT_OF_CORE = 25;
/** The gateway has started and every reader reads. */
const PACED_SETTLE_MS = 4000;
/** Chunks between two turns of the event loop: the journal's thread answers over it. */
const CHUNKS_PER_TURN = 40;

export async function run({ quick }: BenchOptions): Promise<BenchLine[]> {
  const stream = readerStream(READERS, quick ? 30 : 120);
  const rounds = quick ? 2 : 5;
  const rates: number[] = [];
  const floors: number[] = [];
  for (let round = 0; round < rounds; round++) {
    floors.push(decodeRate(stream));
    rates.push(await gatewayRate(stream));
  }
  const value = median(rates);
  const floor = median(floors);
  return [
    {
      name: 'tag reads, decode to journal',
      value: Math.round(value),
      unit: 'reads per second of one core',
      floor: Math.round(floor),
      floorName: 'framing and decoding the same bytes, nothing else',
      ratio: rounded(value / floor),
      budget: `>= ${BUDGET_READS_PER_SECOND} on one core`,
      met: value >= BUDGET_READS_PER_SECOND,
    },
    await pacedShare(quick ? 4 : 10),
  ];
}

/** A gateway process with four readers on TCP lines: what it takes of a core while they read at their pace. */
async function pacedShare(seconds: number): Promise<BenchLine> {
  const folder = mkdtempSync(join(tmpdir(), 'tallyport-bench-paced-'));
  const gateway = await startBusyGateway({ folder, readers: READERS, sensors: 0 });
  const readings = async () => {
    const { devices } = await gateway.status();
    return devices.reduce((sum, device) => sum + device.readings, 0);
  };
  try {
    await new Promise((resolve) => setTimeout(resolve, PACED_SETTLE_MS));
    const readingsBefore = await readings();
    const cpuBefore = gateway.cpuSeconds();
    const begun = performance.now();
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const elapsed = (performance.now() - begun) / 1000;
    const percent = ((gateway.cpuSeconds() - cpuBefore) / elapsed) * 100;
    const perSecond = Math.round(((await readings()) - readingsBefore) / elapsed);
    return {
      name: `gateway process with ${READERS} readers on TCP, ${perSecond} reads/s together`,
      value: rounded(percent),
      unit: '% of a core',
      budget: `<= ${BUDGET_PERCENT_OF_CORE} % at ${READERS} x ${READS_PER_SECOND} reads/s`,
      // Fewer reads than that prove nothing.
      met: percent <= BUDGET_PERCENT_OF_CORE && perSecond >= 0.95 * READERS * READS_PER_SECOND,
    };
  } finally {
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function decodeRate(stream: ReaderStream): number {
  const framers = Array.from({ length: READERS }, () => new LlrpFramer(isKnownMessageType));
  let reads = 0;
  const before = process.cpuUsage();
  for (const { reader, bytes } of stream.chunks) {
    framers[reader]?.push(bytes, {
      frame(frame) {
        const decoded = decodeMessage(frame);
        if (decoded.outcome === 'message' && decoded.message.name === 'RO_ACCESS_REPORT') {
          reads += decoded.message.body.TagReportData.length;
        }
      },
      discard: () => {},
    });
  }
  if (reads !== stream.reads) throw new Error(`${reads} of ${stream.reads} reads decoded`);
  return reads / cpuSecondsSince(before);
}

async function gatewayRate(stream: ReaderStream): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'tallyport-bench-reads-'));
  const clock = systemClock();
  const stamp = { recordedAt: stream.startAt, bootId: 'bench', monotonicMs: 0, clock: 'synced' as const };
  const journal = await openJournal({ file: join(folder, 'journal.db'), clock, stamp: () => stamp });
  const time = createSteppedTime(stream.startAt);
  try {
    const outbox = createDurableOutbox(journal, clock);
    const hub = createSensingHub(
      Array.from({ length: READERS }, (_, n) => portalOf(n)),
      outbox,
      time.clock,
    );
    const lines = Array.from({ length: READERS }, (_, n) => streamedLine(time.clock, n));
    const runners = lines.map((line, n) =>
      createDeviceRunner({
        device: `reader-${n}`,
        kind: 'llrp',
        connection: { driver: readerDriver(n), line },
        clock: time.clock,
        random: seededRandom('bench', `backoff/${n}`),
        onReadings: (readings, now) => hub.accept(readings, now),
      }),
    );
    for (const runner of runners) runner.start();
    await new Promise((resolve) => setImmediate(resolve));
    const before = process.cpuUsage();
    for (const [index, { at, reader, bytes }] of stream.chunks.entries()) {
      time.advanceTo(at);
      lines[reader]?.bring(bytes);
      if (index % CHUNKS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    time.advanceTo(stream.endAt + 10_000);
    const taken = runners.reduce((sum, runner) => sum + runner.status().readings, 0);
    await Promise.all(runners.map((runner) => runner.stop()));
    hub.close();
    // Commits go in order: when this is durable, everything before it is.
    await outbox.append({ events: [], put: [{ key: 'bench/end', body: '{}' }], drop: [] });
    const { lanes } = await journal.status();
    const rate = taken / cpuSecondsSince(before);
    if (lanes.stock.lastSeq < stream.passes) {
      throw new Error(
        `${lanes.stock.lastSeq} passes in the journal, ${stream.passes} went through the doors`,
      );
    }
    if (taken < stream.reads) throw new Error(`${taken} of ${stream.reads} reads taken`);
    return rate;
  } finally {
    await journal.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function readerDriver(n: number): ByteDriver {
  const driver = llrp.create(`reader-${n}`, llrp.options.parse({}));
  if (driver.transport !== 'bytes') throw new Error('LLRP readers hang on a line');
  return driver;
}

/** A simulated reader answers the session; the tag reports come out of the stream. */
function streamedLine(clock: Clock, n: number): LineOpener & { bring(bytes: Uint8Array): void } {
  const reader = hostDevice(`reader-${n}`, new LlrpReader({ random: seededRandom('bench', `${n}`) }), clock);
  let handlers: LineHandlers | undefined;
  return {
    address: 'bench',
    async open(given) {
      handlers = given;
      reader.attach({
        send: (bytes) => queueMicrotask(() => given.onBytes(bytes)),
        publish: () => {},
        hangUp: () => given.onClose('hung up'),
      });
      return { write: (bytes) => queueMicrotask(() => reader.receive(bytes)), close: () => reader.detach() };
    },
    bring: (bytes) => handlers?.onBytes(bytes),
  };
}

function cpuSecondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
