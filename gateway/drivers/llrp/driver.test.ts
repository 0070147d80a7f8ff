import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../../../protocol/wire/llrp/codec.ts';
import { MAX_MESSAGE_BYTES } from '../../../protocol/wire/llrp/framing.ts';
import { goldenNames, readGolden } from '../../../test/support/driver-golden.ts';
import { SCRIPT_START } from '../../../test/support/driver-script.ts';
import { propertyRuns } from '../../../test/support/property-runs.ts';
import type { ByteDriver } from '../driver.ts';
import { llrp } from './driver.ts';

function create(options: unknown): ByteDriver {
  const driver = llrp.create('dock-1', llrp.options.parse(options));
  if (driver.transport !== 'bytes') throw new Error('not a byte driver');
  return driver;
}

describe('the llrp driver', () => {
  it('never throws on anything a line may bring, in any phase', () => {
    const steps = goldenNames('llrp').flatMap((name) => readGolden('llrp', name).steps);
    const messages = steps.flatMap((step) => (step.does === 'bytes' ? [step.bytes] : []));
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.constantFrom(...messages),
      fc.tuple(fc.constantFrom(...messages), fc.nat(), fc.nat(255)).map(([message, at, value]) => {
        const damaged = Uint8Array.from(message);
        damaged[at % damaged.length] = value;
        return damaged;
      }),
    );
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 25 }), (chunks) => {
        const driver = create({ gpiPorts: [1], reportEveryN: 5 });
        let now = SCRIPT_START;
        driver.onOpen(now);
        for (const bytes of chunks) {
          driver.onBytes(bytes, now);
          now += 700;
          driver.onTick(now);
        }
        const due = driver.nextTickAt();
        expect(due === undefined || Number.isFinite(due)).toBe(true);
      }),
      { numRuns: propertyRuns(300) },
    );
  });

  it('accounts for every octet of pure noise', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { maxLength: 10 }), (chunks) => {
        const driver = create({});
        driver.onOpen(SCRIPT_START);
        const outputs = chunks.map((bytes) => driver.onBytes(bytes, SCRIPT_START));
        outputs.push(driver.onClose(SCRIPT_START));
        const lost = outputs.flatMap((output) => output.discarded).reduce((sum, one) => sum + one.bytes, 0);
        expect(lost).toBeLessThanOrEqual(chunks.reduce((sum, bytes) => sum + bytes.length, 0));
        expect(outputs.flatMap((output) => output.readings)).toEqual([]);
      }),
      { numRuns: propertyRuns(100) },
    );
  });

  it('takes a report of the largest size and nothing beyond it', () => {
    const driver = create({});
    driver.onOpen(SCRIPT_START);
    const tag = { EPC: '3074257bf7194e4000001a85', EPCLengthBits: 96, AntennaID: 1 };
    const perTag = encodeMessage('RO_ACCESS_REPORT', { TagReportData: [tag] }, 1, 1).length - 10;
    const count = Math.floor((MAX_MESSAGE_BYTES - 10) / perTag);
    const report = { TagReportData: Array.from({ length: count }, () => tag) };
    const bytes = encodeMessage('RO_ACCESS_REPORT', report, 1, 1);
    expect(driver.onBytes(bytes, SCRIPT_START).readings).toHaveLength(count);
    const promise = Uint8Array.from([0x04, 0x3d, 0x00, 0x10, 0x00, 0x01, 0, 0, 0, 1]);
    expect(driver.onBytes(promise, SCRIPT_START).discarded).toEqual([
      { reason: 'OVERSIZED_FRAME', bytes: 1 },
    ]);
  });

  it('keeps its deadlines when the clock is set back by years', () => {
    const driver = create({ requestTimeoutMs: 1_000 });
    const backThen = SCRIPT_START - 10 * 365 * 86_400_000;
    driver.onOpen(SCRIPT_START);
    driver.onTick(backThen);
    expect(driver.nextTickAt()).toBe(backThen + 1_000);
    expect(driver.onTick(backThen + 1_000).reconnect).toContain('no ConnectionAttempt event');
  });

  it('asks for nothing more once it has asked for a new connection', () => {
    const driver = create({});
    driver.onOpen(SCRIPT_START);
    const due = driver.nextTickAt() ?? 0;
    expect(driver.onTick(due).reconnect).toBeDefined();
    expect(driver.nextTickAt()).toBeUndefined();
    expect(driver.onTick(due + 60_000)).toEqual({ readings: [], send: [], discarded: [] });
  });

  it('refuses a configuration with a typo or a session that Gen2 does not have', () => {
    expect(() => llrp.options.parse({ antenas: [1] })).toThrow(/antenas/);
    expect(() => llrp.options.parse({ session: 4 })).toThrow(/session/);
    expect(llrp.options.parse({})).toMatchObject({ antennas: [], session: 1, keepaliveMs: 10_000 });
  });
});
