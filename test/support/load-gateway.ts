/**
 * A gateway without devices as a process of its own: a real journal in its worker thread, the forwarder and the MQTT
 * uplink, and a steady load of numbered events in place of sensing. The number of each entry whose append resolved
 * goes to a promise file, synced to the disk: what stands there the journal has promised to keep, whatever is killed.
 *
 * An entry is one weighing and one sample of the same number, and each tenth a device event too: all or nothing, so
 * the ledger must end with the same numbers in all lanes. Asked for no load, it ends by itself once all is acked.
 */
import { randomUUID } from 'node:crypto';
import { fsyncSync, openSync, writeSync } from 'node:fs';
import * as z from 'zod';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { openJournal } from '../../gateway/journal/worker/open-journal.ts';
import { createForwarder } from '../../gateway/uplink/forwarder/forwarder.ts';
import { createMqttUplink } from '../../gateway/uplink/mqtt/mqtt-uplink.ts';
import { LANES } from '../../protocol/events/lanes.ts';
import type { StockEvent } from '../../protocol/events/stock-event.ts';
import { seededRandom } from '../../protocol/ports/random.ts';

const loadGatewayOptions = z.strictObject({
  gateway: z.string(),
  journal: z.string(),
  url: z.string(),
  token: z.string(),
  /** What was promised in this life is appended here, a number a line. */
  promises: z.string(),
  /** The first number of this life is one more. */
  numbersFrom: z.int(),
  /** 0: nothing new; ends when everything is acked and pruned. */
  entriesPerSecond: z.int().nonnegative(),
});
export type LoadGatewayOptions = z.infer<typeof loadGatewayOptions>;

const TICK_MS = 20;
const HEALTH_EACH = 10;
const DRAINED_CHECK_MS = 200;

if (import.meta.main) await run(loadGatewayOptions.parse(JSON.parse(process.argv[2] ?? '{}')));

async function run(options: LoadGatewayOptions): Promise<void> {
  const clock = systemClock();
  const bootId = randomUUID();
  const journal = await openJournal({
    file: options.journal,
    clock,
    stamp: () => ({
      recordedAt: clock.now(),
      bootId,
      monotonicMs: clock.monotonicMs(),
      clock: 'synced',
    }),
    groupCommitMs: 20,
    pruneMs: 500,
  });
  const random = seededRandom(bootId, 'load');
  const { gateway, url, token } = options;
  const uplink = createMqttUplink({
    gateway,
    url,
    clock,
    random,
    username: gateway,
    password: token,
    connectTimeoutMs: 5000,
    publishTimeoutMs: 5000,
    backoffMs: { first: 200, longest: 2000 },
  });
  const forwarder = createForwarder({
    gateway,
    journal,
    uplink,
    clock,
    random,
    // Impatient, so that much is sent twice.
    options: { ackTimeoutMs: 800, maxAckTimeoutMs: 4000 },
  });
  forwarder.start();

  if (options.entriesPerSecond > 0) {
    const promise = promiseFile(options.promises);
    let number = options.numbersFrom;
    let owed = 0;
    const tick = () => {
      owed += (options.entriesPerSecond * TICK_MS) / 1000;
      for (; owed >= 1; owed--) {
        const mine = ++number;
        const put = [{ key: 'last', body: String(mine) }];
        void journal.append({ events: entryOf(mine), put, drop: [] }).then(() => promise(mine));
      }
      clock.setTimer(TICK_MS, 'load', tick);
    };
    tick();
    return;
  }
  const checkDrained = async () => {
    const { lanes } = await journal.status();
    if (LANES.some((lane) => lanes[lane].prunedUpTo < lanes[lane].lastSeq)) {
      clock.setTimer(DRAINED_CHECK_MS, 'drained', () => void checkDrained());
      return;
    }
    await forwarder.close();
    await journal.close();
  };
  await checkDrained();
}

/** Many promises of one moment share one write and one sync. */
function promiseFile(path: string): (number: number) => void {
  const file = openSync(path, 'a');
  let waiting: number[] = [];
  return (number) => {
    if (waiting.push(number) > 1) return;
    setImmediate(() => {
      writeSync(file, `${waiting.join('\n')}\n`);
      fsyncSync(file);
      waiting = [];
    });
  };
}

function entryOf(number: number): StockEvent[] {
  const occurredAt = Date.now();
  const weighing: StockEvent = {
    type: 'weighing',
    readPoint: 'scale-1',
    device: 'scale-1',
    occurredAt,
    netMilligrams: number,
    stability: 'device',
    unit: 'g',
    raw: `S S ${number} mg`,
  };
  const sample: StockEvent = {
    type: 'sample',
    readPoint: 'probe-1',
    device: 'probe-1',
    occurredAt,
    metric: 'temperature',
    valueMilli: number,
    reason: 'change',
  };
  const device: StockEvent = {
    type: 'device',
    device: 'probe-1',
    occurredAt,
    condition: 'SILENT',
    active: number % (2 * HEALTH_EACH) === 0,
    detail: String(number),
  };
  return number % HEALTH_EACH === 0 ? [weighing, sample, device] : [weighing, sample];
}
