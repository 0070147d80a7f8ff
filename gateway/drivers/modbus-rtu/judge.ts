/**
 * From registers to a value that can be trusted, or the code of the fault that stands in its place: sentinels,
 * plausible range, rate of change. Pure; what it must remember of one value is handed in and out.
 */
import { type ModbusValue, wordsOf } from './profiles.ts';

/** What is remembered about one value of one unit. */
export interface ValueMemory {
  readonly lastGood?: { readonly valueMilli: number; readonly at: number };
  /** How often in a row the same suspect count has passed as a value. */
  readonly suspectRepeats: number;
}

export const NO_MEMORY: ValueMemory = { suspectRepeats: 0 };

export type ValueJudgement = ({ readonly valueMilli: number } | { readonly fault: string }) & {
  readonly memory: ValueMemory;
};

export function judge(
  value: ModbusValue,
  registers: readonly number[],
  memory: ValueMemory,
  now: number,
): ValueJudgement {
  const raw = rawCount(value, registers);
  const fault = (code: string, next: ValueMemory = { ...memory, suspectRepeats: 0 }): ValueJudgement => ({
    fault: code,
    memory: next,
  });
  if (!Number.isFinite(raw)) return fault('NOT_A_NUMBER');
  const sentinel = value.sentinels.find((candidate) => candidate.raw === raw);
  if (sentinel !== undefined) return fault(sentinel.fault);
  const valueMilli = Math.round(raw * value.milliPerCount) || 0;
  const { lastGood } = memory;
  const suspect = value.suspects.find((candidate) => candidate.raw === raw);
  if (suspect !== undefined) {
    const near = lastGood !== undefined && Math.abs(valueMilli - lastGood.valueMilli) <= suspect.nearMilli;
    // The count of repeats stays, so that a run of them cannot begin anew.
    if (!near || memory.suspectRepeats >= suspect.maxRepeats) return fault(suspect.fault, memory);
  }
  const [low, high] = value.rangeMilli;
  if (valueMilli < low || valueMilli > high) return fault('OUT_OF_RANGE');
  if (lastGood !== undefined && changesTooFast(value, valueMilli - lastGood.valueMilli, now - lastGood.at)) {
    return fault('IMPLAUSIBLE_CHANGE');
  }
  const suspectRepeats = suspect === undefined ? 0 : memory.suspectRepeats + 1;
  return { valueMilli, memory: { lastGood: { valueMilli, at: now }, suspectRepeats } };
}

function changesTooFast(value: ModbusValue, changeMilli: number, elapsedMs: number): boolean {
  // A clock that was set back gives no rate.
  if (value.maxRateMilliPerSecond === undefined || elapsedMs <= 0) return false;
  return Math.abs(changeMilli) - value.milliPerCount > (value.maxRateMilliPerSecond * elapsedMs) / 1_000;
}

/** NaN when a register is missing. */
export function rawCount(value: ModbusValue, registers: readonly number[]): number {
  const first = registers[value.offset] ?? Number.NaN;
  if (wordsOf(value.type) === 1) {
    return value.type === 'int16' && first > 0x7fff ? first - 0x10000 : first;
  }
  const second = registers[value.offset + 1] ?? Number.NaN;
  if (Number.isNaN(first) || Number.isNaN(second)) return Number.NaN;
  const words = new DataView(new ArrayBuffer(4));
  words.setUint16(0, value.wordOrder === 'big' ? first : second);
  words.setUint16(2, value.wordOrder === 'big' ? second : first);
  if (value.type === 'int32') return words.getInt32(0);
  return value.type === 'uint32' ? words.getUint32(0) : words.getFloat32(0);
}
