import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judge, NO_MEMORY, rawCount, type ValueJudgement, type ValueMemory } from './judge.ts';
import { MODBUS_PROFILES, type ModbusValue, modbusProfileSchema, modbusValueSchema } from './profiles.ts';

const word = (value: number) => value & 0xffff;
const NOW = 1_750_000_000_000;

function profileValue(profile: string, index = 0): ModbusValue {
  const value = MODBUS_PROFILES[profile]?.reads[0]?.values[index];
  if (value === undefined) throw new Error(`no value ${index} in ${profile}`);
  return value;
}

/** What comes of a run of raw counts, one per second. */
function run(value: ModbusValue, counts: readonly number[]): (number | string)[] {
  let memory: ValueMemory = NO_MEMORY;
  return counts.map((count, index) => {
    const judgement: ValueJudgement = judge(value, [word(count)], memory, NOW + index * 1_000);
    memory = judgement.memory;
    return 'fault' in judgement ? judgement.fault : judgement.valueMilli;
  });
}

describe('the PT100 profile', () => {
  const pt100 = profileValue('pt100-rtd');

  test('tenths of a degree become milli-degrees, negative ones too', () => {
    expect(run(pt100, [215, 214])).toEqual([21_500, 21_400]);
    expect(run(pt100, [-205])).toEqual([-20_500]);
  });

  test('hard sentinels are faults, never values', () => {
    expect(run(pt100, [32_767, -32_768])).toEqual(['PROBE_OPEN', 'PROBE_SHORT']);
  });

  test('minus one is a fault out of nowhere and a value on the way through zero', () => {
    expect(run(pt100, [-1])).toEqual(['PROBE_FAULT']);
    expect(run(pt100, [215, -1])).toEqual([21_500, 'PROBE_FAULT']);
    expect(run(pt100, [3, -1, -2])).toEqual([300, -100, -200]);
  });

  test('minus one that does not move any more turns into a fault and stays one', () => {
    const stuck = run(pt100, [3, ...Array.from({ length: 12 }, () => -1)]);
    expect(stuck.slice(0, 7)).toEqual([300, -100, -100, -100, -100, -100, -100]);
    expect(new Set(stuck.slice(7))).toEqual(new Set(['PROBE_FAULT']));
    expect(run(pt100, [3, -1, -1, -1, -1, -1, -1, -1, -3])).toContain(-300);
  });

  test('the 85 degrees of a sensor that has just started are a fault', () => {
    expect(run(pt100, [40, 850, 41])).toEqual([4_000, 'PROBE_POWER_ON', 4_100]);
  });

  test('a jump no probe can make is refused until time has made it possible', () => {
    expect(run(pt100, [200, 400, 400])).toEqual([20_000, 'IMPLAUSIBLE_CHANGE', 'IMPLAUSIBLE_CHANGE']);
    const memory = { lastGood: { valueMilli: 20_000, at: NOW }, suspectRepeats: 0 };
    expect(judge(pt100, [400], memory, NOW + 10_000)).toMatchObject({ valueMilli: 40_000 });
    expect(judge(pt100, [400], memory, NOW - 1_000)).toMatchObject({ valueMilli: 40_000 });
  });

  test('outside the plausible range is a fault', () => {
    expect(run(pt100, [3_001])).toEqual(['OUT_OF_RANGE']);
    expect(run(pt100, [-2_001])).toEqual(['OUT_OF_RANGE']);
  });

  test('a value is never outside the range and never a sentinel, whatever the registers say', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 30 }), (registers) => {
        for (const outcome of run(pt100, registers)) {
          if (typeof outcome === 'string') expect(outcome).toMatch(/^[A-Z_]+$/);
          else expect(outcome >= -200_000 && outcome <= 300_000).toBe(true);
        }
      }),
    );
  });
});

describe('registers', () => {
  const typed = (type: ModbusValue['type'], wordOrder: 'big' | 'little') =>
    modbusValueSchema.parse({
      metric: 'temperature',
      type,
      wordOrder,
      milliPerCount: 1,
      rangeMilli: [-1, 1],
    });

  test('two-word types read back in both word orders', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        fc.float({ noNaN: true }),
        (integer, float) => {
          const view = new DataView(new ArrayBuffer(4));
          const words = () => [view.getUint16(0), view.getUint16(2)];
          view.setInt32(0, integer);
          expect(rawCount(typed('int32', 'big'), words())).toBe(integer);
          expect(rawCount(typed('int32', 'little'), words().toReversed())).toBe(integer);
          expect(rawCount(typed('uint32', 'big'), words())).toBe(integer >>> 0);
          view.setFloat32(0, float);
          expect(rawCount(typed('float32', 'big'), words())).toBe(float);
        },
      ),
    );
  });

  test('a missing register and a float that is no number are faults', () => {
    const float = typed('float32', 'big');
    expect(judge(float, [], NO_MEMORY, NOW)).toMatchObject({ fault: 'NOT_A_NUMBER' });
    expect(judge(float, [0x7fc0, 0], NO_MEMORY, NOW)).toMatchObject({ fault: 'NOT_A_NUMBER' });
  });
});

test('a profile whose value lies outside its read is refused', () => {
  const value = { metric: 'temperature', type: 'float32', milliPerCount: 1_000, rangeMilli: [0, 1] };
  const read = { function: 3, register: 0, quantity: 1, values: [value] };
  expect(() => modbusProfileSchema.parse({ reads: [read] })).toThrow('outside the registers read');
});
