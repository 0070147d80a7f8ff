/**
 * A Raspberry Pi without a battery-backed clock: it wakes in 1970, loses its power, wakes in 1970 again, and learns the
 * time from the cloud and at last by NTP. The gateway and the cloud are real, under virtual time; what the API says is
 * held against the truth.
 */
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningCloud, startCloud } from '../../cloud/app/start-cloud.ts';
import type { StoredLedgerEvent } from '../../cloud/contract/events.ts';
import type { Gateway } from '../../cloud/contract/gateways.ts';
import type { Pass } from '../../cloud/contract/passes.ts';
import { loadScenario } from '../../firmware-sim/app/scenario-file.ts';
import {
  backoffRandom,
  clientOf,
  cloudConfigOf,
  scratchFolder,
} from '../../firmware-sim/app/simulated-site.ts';
import type { SystemSync } from '../../gateway/app/clock/system-time.ts';
import { gatewayConfigSchema } from '../../gateway/app/config/config.ts';
import { startGateway } from '../../gateway/app/start-gateway.ts';
import { createDeviceMessageHub } from '../../gateway/transports/device-messages.ts';
import { createMemoryUplink } from '../../gateway/uplink/memory-uplink.ts';
import type { Clock } from '../../protocol/ports/clock.ts';
import { clockAt } from '../support/clock-at.ts';
import { GATEWAY, IMPINJ_DOOR } from '../support/small-site.ts';

const log = pino({ level: 'silent' });
const START = Date.UTC(2026, 2, 2, 6);
const MINUTE = 60_000;

const truth = clockAt(START);
const folder = scratchFolder();
let cloud: RunningCloud;
beforeAll(async () => {
  cloud = await startCloud({
    config: cloudConfigOf(loadScenario('firmware-sim/scenarios/smoke.yaml'), {
      http: { port: 0 },
      database: { memory: true },
      intake: { memory: {} },
      log: 'silent',
    }),
    clock: truth,
    random: backoffRandom(1),
    log,
  });
  await clientOf(cloud).post('/api/v1/gateways', { id: GATEWAY });
});
afterAll(async () => {
  await truth.runUntilSettled(cloud.close());
  folder.remove();
});

/** A boot of the machine: its wall clock starts in 1970, its monotonic one at zero. */
async function boot(bootId: string) {
  const bornAt = truth.now();
  const machine = { wallAheadMs: -bornAt, sync: 'none' as SystemSync };
  const clock: Clock = {
    now: () => truth.now() + machine.wallAheadMs,
    monotonicMs: () => truth.now() - bornAt,
    setTimer: (delayMs, name, task) => truth.setTimer(delayMs, name, task),
    track: (work) => truth.track(work),
  };
  const messages = createDeviceMessageHub('memory:broker');
  const uplink = createMemoryUplink({
    gateway: GATEWAY,
    connected: false,
    async deliver(lane, payload) {
      truth.setTimer(200, 'link', () => {
        void truth.track(cloud.deliver(GATEWAY, lane, payload)).then((ack) => {
          if (ack !== undefined) truth.setTimer(200, 'link back', () => uplink.ack(ack));
        });
      });
    },
  });
  const gateway = await startGateway({
    config: gatewayConfigSchema.parse({
      gateway: { id: GATEWAY },
      dataDir: folder.path,
      broker: {},
      devices: [IMPINJ_DOOR.device],
      readPoints: [IMPINJ_DOOR.readPoint],
    }),
    clock,
    random: backoffRandom(2),
    log,
    messages,
    uplink,
    systemTime: { lastSync: () => machine.sync },
    virtual: { epoch: 'epoch-wrong-clock', bootId },
  });
  /** A case passes the door; the time of its last read. */
  const carryIn = async (epcHex: string) => {
    for (let n = 0; n < 3; n++) {
      const seen = { epcHex, antennaPort: 1, peakRssiCdbm: -5000 };
      const event = { eventType: 'tagInventory', tagInventoryEvent: seen };
      const payload = Buffer.from(JSON.stringify(event));
      const taken = messages.deliver({ topic: 'door/events', payload, origin: 'live' });
      await truth.runUntilSettled(taken ?? Promise.resolve());
      await truth.runFor(100);
    }
    return truth.now() - 100;
  };
  return { gateway, machine, uplink, carryIn };
}

const EPCS = ['1', '2', '3', '4', '5'].map((digit) => `3034257bf7194e4000001a8${digit}`);

test('reads taken on a machine that woke in 1970 come out right after the first sync', async () => {
  const client = clientOf(cloud);
  const first = await boot('boot-1');
  await truth.runFor(MINUTE);
  const seen = [await first.carryIn(EPCS[0] ?? '')];
  await truth.runFor(5 * MINUTE);
  await truth.runUntilSettled(first.gateway.close());

  await truth.runFor(MINUTE);
  const second = await boot('boot-2');
  await truth.runFor(MINUTE);
  seen.push(await second.carryIn(EPCS[1] ?? ''));
  await truth.runFor(10 * MINUTE);
  second.uplink.restore();
  await truth.runFor(MINUTE);
  expect((await second.gateway.status()).clock).toMatchObject({ state: 'unsynced', source: 'cloud' });
  seen.push(await second.carryIn(EPCS[2] ?? ''));
  await truth.runFor(MINUTE);
  // NTP lands in mid-pass.
  await second.carryIn(EPCS[3] ?? '');
  second.machine.wallAheadMs = 0;
  seen.push(await second.carryIn(EPCS[3] ?? ''));
  await truth.runFor(MINUTE);
  second.machine.sync = { mark: 1 };
  await truth.runFor(MINUTE);
  expect((await second.gateway.status()).clock).toMatchObject({ state: 'synced', source: 'system' });
  seen.push(await second.carryIn(EPCS[4] ?? ''));
  await truth.runFor(MINUTE);

  const passes = (await client.get<{ items: Pass[] }>('/api/v1/passes?limit=10')).items.toReversed();
  // The cloud's next ack confirms what NTP has set, before the pass is over.
  const qualities = ['estimated', 'corrected', 'corrected', 'as-recorded', 'as-recorded'];
  expect(passes.map((pass) => pass.timeQuality)).toEqual(qualities);
  for (const [index, { occurredAt, startedAt, passId, rawOccurredAt }] of passes.entries()) {
    const off = Date.parse(occurredAt) - (seen[index] ?? 0);
    // Of the boot that never learnt the time it is known when it was over: its last word, and the next one's start.
    if (index === 0) expect(off >= 0 && off < 10 * MINUTE).toBe(true);
    else expect(Math.abs(off)).toBeLessThanOrEqual(1000);
    expect(passId).toBe(`dock-2@${Date.parse(startedAt)}`);
    if (index < 3) expect(rawOccurredAt).toMatch(/^1970-01-01/);
  }
  const events = await client.get<{ items: StoredLedgerEvent[] }>('/api/v1/events?limit=100');
  expect(events.items.filter(({ timeQuality }) => timeQuality === 'waiting')).toEqual([]);
  const [lanes] = (await client.get<{ items: Gateway[] }>('/api/v1/gateways')).items;
  expect(lanes?.lanes.find(({ lane }) => lane === 'stock')).toMatchObject({ upTo: 5, ahead: 0 });
  await truth.runUntilSettled(second.gateway.close());
});
