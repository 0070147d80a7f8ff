import { describe, expect, test } from 'vitest';
import { bytesStep, playDriver, SCRIPT_START } from '../../../test/support/driver-script.ts';
import type { ByteDriver } from '../driver.ts';
import { mtSics } from './driver.ts';

function createDriver(options: unknown): ByteDriver {
  const driver = mtSics.create('device-1', mtSics.options.parse(options));
  if (driver.transport !== 'bytes') throw new Error('a scale hangs on a line');
  return driver;
}

describe('the scale driver', () => {
  test('no state but stable and dynamic ever carries a mass', () => {
    const text =
      'S S       5.00 kg\r\nS +\r\nS -\r\nS I\r\nET\r\nS S          5 pcs\r\nS D       4.00 kg\r\n';
    const steps = [{ at: 0, does: 'open' } as const, bytesStep(10, text)];
    const { readings } = playDriver(createDriver({ identify: false }), steps);
    expect(readings).toHaveLength(7);
    for (const reading of readings) {
      if (reading.kind !== 'weight') throw new Error('a scale says weights');
      const carries = reading.state === 'stable' || reading.state === 'dynamic';
      expect(reading.netMilligrams !== undefined).toBe(carries);
    }
  });

  test('a clock that jumps back ten years does not put the watchdog to sleep', () => {
    const driver = createDriver({ identify: false, silentMs: 1_000 });
    const past = SCRIPT_START - 10 * 365 * 86_400_000;
    driver.onOpen(SCRIPT_START);
    expect(driver.onTick(past).send).toEqual([]);
    expect(driver.nextTickAt()).toBe(past + 1_000);
    expect(driver.onTick(past + 1_000).send).toHaveLength(1);
    expect(driver.onTick(past + 2_000).reconnect).toContain('silent');
  });

  test('bytes after the line is down are counted, not read', () => {
    const driver = createDriver({});
    driver.onOpen(SCRIPT_START);
    driver.onClose(SCRIPT_START);
    expect(driver.nextTickAt()).toBeUndefined();
    expect(driver.onBytes(Uint8Array.of(1, 2, 3), SCRIPT_START)).toMatchObject({
      readings: [],
      discarded: [{ reason: 'NOT_OPEN', bytes: 3 }],
    });
  });

  test.each([[{ pollMS: 500 }], [{ pollMs: 1 }], [{ mode: 'stream' }], [{ weightFieldWidth: 2 }]])(
    'options %j are refused',
    (options) => {
      expect(() => mtSics.options.parse(options)).toThrow();
    },
  );
});
