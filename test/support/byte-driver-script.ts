/**
 * Plays a conversation to a byte driver in virtual time: steps at their times, the driver's own ticks in between.
 * What comes back is everything the driver said, with times relative to the start.
 */
import type { ByteDriver, DriverOutput } from '../../gateway/drivers/driver.ts';
import type { Reading } from '../../protocol/readings/reading.ts';

export const SCRIPT_START = Date.parse('2026-01-01T12:00:00Z');

/** `at` in ms after the start. One of the others says what happens. */
export interface ScriptStep {
  readonly at: number;
  readonly does: 'open' | 'close' | 'wait' | 'text' | 'hex';
  /** text: with \r\n written out; hex: bytes, blanks between them allowed. */
  readonly data?: string;
}

export interface ScriptResult {
  readonly readings: Reading[];
  readonly sent: { readonly at: number; readonly bytes: Uint8Array }[];
  /** Bytes by reason. */
  readonly discarded: Record<string, number>;
  readonly reconnects: string[];
  readonly state: string | undefined;
}

/** `cut` says in which pieces bytes arrive, all at the same time. */
export function playByteDriver(
  driver: ByteDriver,
  steps: readonly ScriptStep[],
  cut: (bytes: Uint8Array) => readonly Uint8Array[] = (bytes) => [bytes],
): ScriptResult {
  const readings: Reading[] = [];
  const sent: { at: number; bytes: Uint8Array }[] = [];
  const discarded: Record<string, number> = {};
  const reconnects: string[] = [];
  let state: string | undefined;
  const take = (output: DriverOutput, now: number) => {
    readings.push(...output.readings);
    for (const bytes of output.send) sent.push({ at: now - SCRIPT_START, bytes });
    for (const { reason, bytes } of output.discarded) discarded[reason] = (discarded[reason] ?? 0) + bytes;
    if (output.reconnect !== undefined) reconnects.push(output.reconnect);
    state = output.state ?? state;
  };
  for (const step of steps) {
    const now = SCRIPT_START + step.at;
    for (let due = driver.nextTickAt(); due !== undefined && due < now; due = driver.nextTickAt()) {
      take(driver.onTick(due), due);
      if (driver.nextTickAt() === due) throw new Error(`the driver wants the same tick again (${due})`);
    }
    if (step.does === 'open') take(driver.onOpen(now), now);
    else if (step.does === 'close') take(driver.onClose(now), now);
    else if (step.does !== 'wait') {
      for (const piece of cut(bytesOf(step))) take(driver.onBytes(piece, now), now);
    }
  }
  return { readings, sent, discarded, reconnects, state };
}

function bytesOf(step: ScriptStep): Uint8Array {
  if (step.does === 'text') return new TextEncoder().encode(step.data ?? '');
  return Uint8Array.from(Buffer.from((step.data ?? '').replaceAll(/\s/g, ''), 'hex'));
}
