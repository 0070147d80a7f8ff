/**
 * Simulated LLRP readers on TCP ports that read 1,200 tags a second each, without a pause: passes of 60 cases with a
 * rest between them in which only what lies about near the door is read. They answer the driver's whole session.
 */
import { hostDevice } from '../../firmware-sim/app/device-host.ts';
import { serveOverTcp } from '../../firmware-sim/app/lines.ts';
import type { TagInField } from '../../firmware-sim/devices/device.ts';
import { LlrpReader } from '../../firmware-sim/devices/llrp-reader/llrp-reader.ts';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { type ReadPoint, readPointSchema } from '../../gateway/sensing/read-point.ts';
import { encodeSgtin96 } from '../../protocol/epc/epc.ts';
import type { Timer } from '../../protocol/ports/clock.ts';
import { seededRandom } from '../../protocol/ports/random.ts';

const TAGS = 60;
const ROUND_MS = 100;
const PASS_MS = 6000;
const REST_MS = 5000;
const STEP_MS = 500;

export interface BusyReaders {
  /** By reader, as gateway.yaml names them. */
  readonly addresses: readonly string[];
  close(): Promise<void>;
}

export async function startBusyReaders(count: number): Promise<BusyReaders> {
  const clock = systemClock();
  const startAt = clock.now();
  let serial = 0;
  const mint = () =>
    encodeSgtin96({ filter: 1, companyPrefix: '9521141', itemReference: '000001', serial: serial++ });
  const timers: (Timer | undefined)[] = [];
  const lines = await Promise.all(
    Array.from({ length: count }, (_, n) => {
      // Everything in the field is read by both antennas in every round: 60 × 2 × 10 reads a second.
      const reader = new LlrpReader({
        random: seededRandom('bench', `reader/${n}`),
        roundIntervalMs: ROUND_MS,
        sensitivityDbm: -110,
      });
      const host = hostDevice(`reader-${n}`, reader, clock);
      const parked = Array.from({ length: TAGS }, mint);
      let pass: readonly string[] = [];
      let wasInPass = false;
      const step = () => {
        const phase = (clock.now() - startAt + n * 2000) % (PASS_MS + REST_MS);
        const inPass = phase < PASS_MS;
        if (inPass && !wasInPass) pass = Array.from({ length: TAGS }, mint);
        wasInPass = inPass;
        reader.setTags(fieldOf(inPass ? pass : parked, inPass ? phase : undefined));
        host.poke();
        timers[n] = clock.setTimer(STEP_MS, 'field', step);
      };
      step();
      return serveOverTcp(host, 0);
    }),
  );
  return {
    addresses: lines.map((line) => line.address),
    async close() {
      for (const timer of timers) timer?.cancel();
      await Promise.all(lines.map((line) => line.close()));
    },
  };
}

/** Into the building: the outer antenna is nearer in the first half. */
function fieldOf(epcs: readonly string[], phase: number | undefined): TagInField[] {
  const rssi = (nearestMs: number) =>
    phase === undefined ? -70 : -45 - (5 * Math.abs(phase - nearestMs)) / 1000;
  return epcs.flatMap((epc) => [
    { epc, antenna: 1, rssiDbm: rssi(PASS_MS * 0.35) },
    { epc, antenna: 2, rssiDbm: rssi(PASS_MS * 0.65) },
  ]);
}

/** The dock door of a reader. */
export function portalOf(n: number): ReadPoint {
  const device = `reader-${n}`;
  return readPointSchema.parse({
    id: `dock-${n}`,
    kind: 'portal',
    antennas: [
      { device, antenna: '1', side: 'outer' },
      { device, antenna: '2', side: 'inner' },
    ],
    direction: { mode: 'antenna-order' },
    session: { quietMs: 4000, maxMs: 60_000 },
    stray: { minReads: 3, minPeakRssiDbm: -62 },
  });
}
