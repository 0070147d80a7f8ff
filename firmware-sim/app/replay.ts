/** `sim record` and `sim replay`. */
import { pino } from 'pino';
import { gatewayConfigSchema } from '../../gateway/app/config/config.ts';
import { startGateway } from '../../gateway/app/start-gateway.ts';
import { createDeviceMessageHub } from '../../gateway/transports/device-messages.ts';
import type { Line, LineOpener } from '../../gateway/transports/line.ts';
import { createMemoryLine } from '../../gateway/transports/memory-line.ts';
import { createMemoryUplink } from '../../gateway/uplink/memory-uplink.ts';
import { decodeBatch } from '../../protocol/link/batch.ts';
import { VirtualClock } from '../../protocol/ports/virtual-clock.ts';
import { gatewayEntryOf } from '../devices/device-plan.ts';
import { DEVICE_KINDS } from '../devices/registry.ts';
import type { Scenario } from '../world/scenario.ts';
import { readRecording, writeRecording } from './recording.ts';
import { backoffRandom, scratchFolder } from './simulated-site.ts';
import { runVirtually } from './virtual-run.ts';

const SETTLE_MS = 120_000;
const silent = () => pino({ level: 'silent' });

export async function record(scenario: Scenario, seed: number, file: string): Promise<{ entries: number }> {
  const startAt = Date.parse(scenario.start);
  const writer = writeRecording(file, {
    tallyport: 'recording',
    v: 1,
    scenario: scenario.name,
    seed,
    startAt,
    endAt: startAt + scenario.duration,
    gateway: scenario.gateway.id,
    devices: scenario.devices.map((plan) => gatewayEntryOf(plan)),
    readPoints: scenario.readPoints,
  });
  let entries = 0;
  try {
    await runVirtually({ scenario, seed, log: silent() }, (entry) => {
      entries++;
      writer.add(entry);
    });
  } finally {
    await writer.close();
  }
  return { entries };
}

/** Hands each stock event to `onEvent` as the cloud would get it; returns how many there were. */
export async function replay(file: string, onEvent: (event: unknown) => void): Promise<number> {
  const { header, entries } = await readRecording(file);
  const first = Math.min(header.startAt, ...entries.slice(0, 1).map((entry) => entry.at));
  const clock = new VirtualClock({
    startAt: first,
    flush: () => new Promise((resolve) => setImmediate(resolve)),
  });
  await using running = new AsyncDisposableStack();
  const folder = scratchFolder();
  running.defer(folder.remove);
  const messages = createDeviceMessageHub('memory:broker');
  const open = new Map<string, Line>();
  const openLine = (device: string): LineOpener =>
    createMemoryLine(`memory:${device}`, (toGateway) => {
      open.set(device, toGateway);
      return { onBytes: () => {}, onClose: () => open.delete(device) };
    });
  const topSeq = new Map<string, number>();
  let count = 0;
  const uplink = createMemoryUplink({
    gateway: header.gateway,
    async deliver(lane, payload) {
      const decoded = decodeBatch(payload);
      if (!decoded.ok) throw new Error(decoded.reason);
      const { batch } = decoded;
      const events = batch.events as { seq: number; event: unknown }[];
      for (const { seq, event } of events) {
        if (seq <= (topSeq.get(lane) ?? 0)) continue;
        topSeq.set(lane, seq);
        count++;
        onEvent(event);
      }
      const { gateway, epoch, lastSeq } = batch;
      queueMicrotask(() => uplink.ack({ v: 1, gateway, epoch, lane, upTo: lastSeq }));
    },
  });
  const gateway = await startGateway({
    config: gatewayConfigSchema.parse({
      gateway: { id: header.gateway },
      dataDir: folder.path,
      broker: {},
      devices: header.devices.map((device) =>
        isOnBroker(device.driver) ? device : { ...device, address: `memory:${device.id}` },
      ),
      readPoints: header.readPoints,
    }),
    clock,
    random: backoffRandom(header.seed),
    log: silent(),
    openLine,
    messages,
    uplink,
    virtual: { epoch: 'epoch-replay', bootId: 'boot-replay' },
  });
  running.defer(() => clock.runUntilSettled(gateway.close()));
  for (const entry of entries) {
    await clock.runUntil(Math.max(entry.at, clock.now()));
    // What went to a device came from the gateway: the drivers say it again by themselves.
    if ('to' in entry && entry.to === 'device') continue;
    if ('topic' in entry) {
      const taken = messages.deliver({
        topic: entry.topic,
        payload: Buffer.from(entry.payload, 'utf8'),
        origin: 'live',
      });
      taken?.catch(() => {});
      await clock.settle();
    } else if ('line' in entry) {
      if (entry.line === 'closed') open.get(entry.device)?.close();
    } else {
      open.get(entry.device)?.write(Buffer.from(entry.bytes, 'hex'));
      await clock.settle();
    }
  }
  await clock.runUntil(header.endAt + SETTLE_MS);
  return count;
}

function isOnBroker(driver: string): boolean {
  return DEVICE_KINDS.some((kind) => kind.driver === driver && kind.attachment === 'broker');
}
