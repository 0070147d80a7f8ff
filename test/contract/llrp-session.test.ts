import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TagInField } from '../../firmware-sim/devices/device.ts';
import { llrp } from '../../gateway/drivers/llrp/driver.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import type { TagRead } from '../../protocol/readings/reading.ts';
import { LlrpRig } from '../support/llrp-rig.ts';

const STRONG: readonly TagInField[] = [
  { epc: '3074257bf7194e4000001a85', antenna: 1, rssiDbm: -50 },
  { epc: '3074257bf7194e4000001a86', antenna: 1, rssiDbm: -50 },
  { epc: 'f795201234567891235000', antenna: 2, rssiDbm: -50 },
  { epc: '3674257bf6b7a659b2c2bf1000000000000000000000000000000000', antenna: 2, rssiDbm: -50 },
];

function tagsOf(rig: LlrpRig): TagRead[] {
  return rig.readings.filter((reading) => reading.kind === 'tag');
}

function healthOf(rig: LlrpRig): string[] {
  return rig.readings
    .filter((reading) => reading.kind === 'health')
    .map(({ channel, condition, active }) => `${channel} ${condition} ${active}`);
}

describe('the llrp driver with the simulated reader', () => {
  it('negotiates LLRP 1.1, prepares the reader and reads what stands in its field', async () => {
    const rig = new LlrpRig();
    rig.reader.setTags(STRONG);
    rig.open();
    await rig.clock.runFor(2_000);
    expect(rig.state).toBe(
      'reading, ROSpec 1 started, LLRP 1.1, manufacturer 32473 model 4004, firmware 1.0.0-sim, 4 antennas',
    );
    expect(new Set(tagsOf(rig).map((tag) => `${tag.channel} ${tag.epc}`))).toEqual(
      new Set(STRONG.map((tag) => `${tag.antenna} ${tag.epc}`)),
    );
    expect(rig.discarded).toEqual({});
    expect(rig.reconnects).toEqual([]);
  });

  it('falls back to LLRP 1.0.1 when the reader answers the question with an error', async () => {
    const rig = new LlrpRig({ reader: { version: '1.0.1' } });
    rig.reader.setTags(STRONG);
    rig.open();
    await rig.clock.runFor(2_000);
    expect(rig.state).toContain('reading, ROSpec 1 started, LLRP 1.0.1');
    expect(tagsOf(rig).length).toBeGreaterThan(10);
    expect(rig.reconnects).toEqual([]);
  });

  it('keeps a quiet session alive on keepalives alone', async () => {
    const rig = new LlrpRig({ driver: { keepaliveMs: 1_000 } });
    rig.open();
    await rig.clock.runFor(600_000);
    expect(rig.reconnects).toEqual([]);
    expect(rig.state).toContain('reading');
  });

  it('hears every tag of a line cut from the hold, at the time it was seen', async () => {
    const rig = new LlrpRig({ driver: { session: 0 } });
    rig.open();
    await rig.clock.runFor(5_000);
    rig.cut();
    const cutAt = rig.clock.now();
    rig.reader.setTags(STRONG);
    rig.poke();
    await rig.clock.runFor(3_000);
    rig.reader.setTags([]);
    await rig.clock.runFor(20_000);
    rig.open();
    await rig.clock.runFor(2_000);
    const tags = tagsOf(rig);
    expect(new Set(tags.map((tag) => tag.epc)).size).toBe(STRONG.length);
    for (const tag of tags) {
      expect(tag.lastSeenAt).toBeGreaterThanOrEqual(cutAt - 20);
      expect(tag.lastSeenAt).toBeLessThanOrEqual(cutAt + 3_010);
      expect(tag.at).toBeGreaterThan(cutAt + 20_000);
    }
    expect(healthOf(rig)).toEqual([]);
  });

  it('says so when the hold was too small and the reader lost reports', async () => {
    const rig = new LlrpRig({ reader: { bufferCapacity: 20 } });
    rig.open();
    await rig.clock.runFor(5_000);
    rig.cut();
    rig.reader.setTags(STRONG);
    rig.poke();
    await rig.clock.runFor(10_000);
    rig.open();
    await rig.clock.runFor(2_000);
    expect(healthOf(rig)).toEqual([
      'reader READER_BUFFER_WARNING true',
      'reader READER_BUFFER_OVERFLOW true',
    ]);
  });

  it('gives the same reads from a reader that leaves out what has not changed', async () => {
    const full = new LlrpRig();
    const sparing = new LlrpRig({ reader: { omitUnchanged: true } });
    for (const rig of [full, sparing]) {
      rig.reader.setTags(STRONG);
      rig.open();
      await rig.clock.runFor(3_000);
      rig.cut();
      await rig.clock.runFor(1_000);
      rig.open();
      await rig.clock.runFor(3_000);
    }
    const bytes = (rig: LlrpRig) => rig.heard.reduce((sum, piece) => sum + piece.bytes.length, 0);
    expect(bytes(sparing)).toBeLessThan(bytes(full));
    expect(tagsOf(full).length).toBeGreaterThan(50);
    expect(sparing.readings).toEqual(full.readings);
  });

  it('aligns a reader whose clock is years off, and one that has none', async () => {
    for (const reader of [{ clockOffsetMs: -56 * 365 * 86_400_000 }, { clock: 'uptime' as const }]) {
      const rig = new LlrpRig({ reader });
      rig.reader.setTags(STRONG);
      rig.open();
      await rig.clock.runFor(2_000);
      const tags = tagsOf(rig);
      expect(tags.length).toBeGreaterThan(10);
      for (const tag of tags) {
        expect(tag.at - tag.lastSeenAt).toBeLessThan(20);
        expect(tag.firstSeenAt).toBeLessThanOrEqual(tag.lastSeenAt);
        expect(tag.lastSeenAt).toBeLessThanOrEqual(tag.at);
      }
    }
  });

  it('reports inputs as they change, and as they stand when it connects', async () => {
    const rig = new LlrpRig({ driver: { gpiPorts: [1, 2] } });
    rig.reader.setGpi(2, true);
    rig.open();
    await rig.clock.runFor(1_000);
    rig.reader.setGpi(1, true);
    rig.reader.setGpi(3, true);
    rig.poke();
    await rig.clock.runFor(1_000);
    const inputs = rig.readings.filter((reading) => reading.kind === 'input');
    expect(inputs.map(({ channel, active }) => `${channel} ${active}`)).toEqual([
      'gpi-1 false',
      'gpi-2 true',
      'gpi-1 true',
    ]);
  });

  it('reads only while a photo-eye started it', async () => {
    const rig = new LlrpRig({ driver: { startTrigger: { kind: 'gpi', port: 1, durationMs: 2_000 } } });
    rig.reader.setTags(STRONG);
    rig.open();
    await rig.clock.runFor(5_000);
    expect(rig.state).toContain('armed, ROSpec 1 starts on GPI 1');
    expect(tagsOf(rig)).toEqual([]);
    const brokenAt = rig.clock.now();
    rig.reader.setGpi(1, true);
    rig.poke();
    await rig.clock.runFor(10_000);
    const tags = tagsOf(rig);
    expect(tags.length).toBeGreaterThan(10);
    expect(Math.max(...tags.map((tag) => tag.at))).toBeLessThan(brokenAt + 2_100);
  });

  it('collects what the reader gathers when reports come every N tags', async () => {
    const rig = new LlrpRig({ driver: { reportEveryN: 50, flushMs: 500 } });
    rig.reader.setTags(STRONG);
    rig.open();
    await rig.clock.runFor(3_000);
    const tags = tagsOf(rig);
    expect(new Set(tags.map((tag) => tag.epc)).size).toBe(STRONG.length);
    expect(Math.max(...tags.map((tag) => tag.readCount))).toBeGreaterThan(1);
  });

  it('brackets a pulled antenna and passes on what the reader complains of', async () => {
    const rig = new LlrpRig({ driver: { antennas: [1, 2] } });
    rig.open();
    await rig.clock.runFor(1_000);
    rig.reader.setAntennaConnected(2, false);
    rig.reader.raiseException('transmitter too hot');
    rig.poke();
    await rig.clock.runFor(1_000);
    rig.reader.setAntennaConnected(2, true);
    rig.poke();
    await rig.clock.runFor(1_000);
    expect(healthOf(rig)).toEqual([
      '2 ANTENNA_DISCONNECTED true',
      'reader READER_EXCEPTION true',
      '2 ANTENNA_DISCONNECTED false',
    ]);
    expect(rig.readings[1]).toMatchObject({ detail: 'transmitter too hot' });
  });

  it('shows why a reader refuses, once, and keeps trying', async () => {
    const rig = new LlrpRig({ driver: { antennas: [9] } });
    rig.open();
    await rig.clock.runFor(10_000);
    expect(rig.reconnects.length).toBeGreaterThan(3);
    expect(rig.reconnects[0]).toBe('ADD_ROSPEC refused: A_OutOfRange (301): there is no antenna 9');
    expect(healthOf(rig)).toEqual(['reader READER_REFUSED true']);
  });

  it('prepares the reader anew after its power failed', async () => {
    const rig = new LlrpRig();
    rig.reader.setTags(STRONG);
    rig.open();
    await rig.clock.runFor(3_000);
    rig.reader.powerCycle();
    rig.poke();
    await rig.clock.runFor(500);
    const before = tagsOf(rig).length;
    expect(rig.state).toBe('not connected');
    await rig.clock.runFor(5_000);
    expect(rig.state).toContain('reading');
    expect(tagsOf(rig).length).toBeGreaterThan(before + 10);
  });

  it('turns a second client away and notifies the first', async () => {
    const rig = new LlrpRig();
    rig.open();
    await rig.clock.runFor(1_000);
    const second = llrp.create('other', llrp.options.parse({}));
    if (second.transport !== 'bytes') throw new Error('not a byte driver');
    second.onOpen(rig.clock.now());
    const outputs = rig.reader
      .rejectSecondClient(rig.clock.now())
      .map((bytes) => second.onBytes(bytes, rig.clock.now()));
    expect(outputs).toMatchObject([
      {
        reconnect: 'connection refused: another client-initiated connection exists',
        state: 'connection refused: another client-initiated connection exists',
        readings: [{ kind: 'health', condition: 'READER_REFUSED', active: true }],
      },
    ]);
    rig.poke();
    await rig.clock.runFor(1_000);
    expect(healthOf(rig)).toEqual(['reader READER_CONTENDED true']);
    expect(rig.reconnects).toEqual([]);
  });

  it('gives the same readings whatever pieces the line makes of the reader’s bytes', async () => {
    const whole = new LlrpRig({ driver: { gpiPorts: [1] } });
    whole.reader.setTags(STRONG);
    whole.open();
    await whole.clock.runFor(1_500);
    whole.reader.setGpi(1, true);
    whole.poke();
    await whole.clock.runFor(1_500);
    expect(whole.readings.length).toBeGreaterThan(40);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 10 }),
        async (sizes) => {
          const chop = (bytes: Uint8Array) => {
            const pieces: Uint8Array[] = [];
            for (let at = 0, i = 0; at < bytes.length; i++) {
              const size = sizes[i % sizes.length] ?? 1;
              pieces.push(bytes.slice(at, at + size));
              at += size;
            }
            return pieces;
          };
          const chopped = new LlrpRig({ driver: { gpiPorts: [1] }, chop });
          chopped.reader.setTags(STRONG);
          chopped.open();
          await chopped.clock.runFor(1_500);
          chopped.reader.setGpi(1, true);
          chopped.poke();
          await chopped.clock.runFor(1_500);
          expect(chopped.readings).toEqual(whole.readings);
          expect(chopped.states).toEqual(whole.states);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('survives noise on the line in either direction and goes on reading', async () => {
    const random = seededRandom(3, 'noise');
    const noisy = (bytes: Uint8Array) => {
      const noise = Uint8Array.from({ length: random.integer(0, 20) }, () => random.integer(0, 255));
      return [bytes, noise];
    };
    const rig = new LlrpRig({ chop: noisy });
    rig.reader.setTags(STRONG);
    rig.open();
    await rig.clock.runFor(30_000);
    expect(tagsOf(rig).length).toBeGreaterThan(300);
    expect(rig.discarded.GARBAGE).toBeGreaterThan(100);
  });

  it('runs the same way twice from the same seed', async () => {
    const run = async () => {
      const rig = new LlrpRig();
      rig.reader.setTags(STRONG.map((tag) => ({ ...tag, rssiDbm: -71 })));
      rig.open();
      await rig.clock.runFor(5_000);
      return rig.readings;
    };
    expect(await run()).toEqual(await run());
  });
});
