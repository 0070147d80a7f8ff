import { describe, expect, test } from 'vitest';
import { bytesStep, lostBytes, playDriver, SCRIPT_START } from '../../../test/support/driver-script.ts';
import type { ByteDriver } from '../driver.ts';
import { modbusRtu } from './driver.ts';

function createDriver(options: unknown): ByteDriver {
  const driver = modbusRtu.create('device-1', modbusRtu.options.parse(options));
  if (driver.transport !== 'bytes') throw new Error('a bus hangs on a line');
  return driver;
}

const twoUnits = {
  units: [
    { address: 1, profile: 'xy-md02' },
    { address: 2, profile: 'pt100-rtd' },
  ],
  pollMs: 1_000,
  timeoutMs: 100,
  retries: 2,
  gapMs: 10,
};

describe('the bus master', () => {
  test('on a dead bus it asks one thing at a time, reports each outage once and keeps its rounds', () => {
    const steps = [{ at: 0, does: 'open' } as const, { at: 10_000, does: 'wait' } as const];
    const { sent, readings } = playDriver(createDriver(twoUnits), steps);
    for (const [index, frame] of sent.entries()) {
      const next = sent[index + 1];
      // The time limit and the gap lie between any two questions: never two on the bus.
      if (next !== undefined) expect(next.at - frame.at).toBeGreaterThanOrEqual(110);
    }
    expect(readings.map((reading) => reading.kind)).toEqual([
      'condition',
      'condition',
      'health',
      'condition',
      'health',
    ]);
    // Three attempts each in the first round, one each in the nine after it.
    expect(sent).toHaveLength(6 + 9 * 2);
  });

  test('somebody who never stops talking is counted and does not stop the bus', () => {
    const talk = Array.from({ length: 600 }, (_, index) =>
      bytesStep(5 * index, Uint8Array.of(0xff, 0, 0xff)),
    );
    const result = playDriver(createDriver(twoUnits), [{ at: 0, does: 'open' }, ...talk]);
    const { GARBAGE = 0, UNEXPECTED_REPLY = 0 } = lostBytes(result);
    expect(GARBAGE + UNEXPECTED_REPLY).toBe(1_800);
    expect(result.sent.length).toBeGreaterThan(8);
  });

  test('a clock that jumps back ten years does not stop the bus', () => {
    const driver = createDriver(twoUnits);
    const past = SCRIPT_START - 10 * 365 * 86_400_000;
    driver.onOpen(SCRIPT_START);
    driver.onTick(past);
    expect(driver.nextTickAt()).toBe(past + 100);
  });

  test.each([
    [{ units: [] }, 'units'],
    [{ units: [{ address: 0, profile: 'xy-md02' }] }, '1..247'],
    [{ units: [{ address: 248, profile: 'xy-md02' }] }, '1..247'],
    [{ units: [{ address: 1, profile: 'toString' }] }, 'no profile'],
    [{ units: [{ address: 1, profile: 'dht22' }] }, 'known: xy-md02, sht20, pt100-rtd'],
    [{ units: [twoUnits.units[0], twoUnits.units[0]] }, 'used twice'],
    [{ units: twoUnits.units, poll: 5 }, 'poll'],
  ])('options %j are refused, naming %s', (options, words) => {
    expect(() => modbusRtu.options.parse(options)).toThrow(words);
  });
});
