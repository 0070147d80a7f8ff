/**
 * Plays a conversation to a driver in virtual time: steps at their times, the driver's own ticks in between. What
 * comes back is everything the driver said, each with its time after the start.
 */
import type {
  DeviceMessage,
  Discarded,
  Driver,
  DriverOutput,
  OutgoingMessage,
} from '../../gateway/drivers/driver.ts';
import type { Reading } from '../../protocol/readings/reading.ts';

export const SCRIPT_START = Date.parse('2026-01-01T12:00:00Z');

/** `at` in ms after the start. */
export type ScriptStep = { readonly at: number } & (
  | { readonly does: 'open' | 'close' | 'wait' }
  | { readonly does: 'bytes'; readonly bytes: Uint8Array }
  | { readonly does: 'message'; readonly message: DeviceMessage }
);

export interface ScriptResult {
  readonly readings: Reading[];
  readonly sent: { readonly at: number; readonly sent: Uint8Array | OutgoingMessage }[];
  readonly discarded: ({ readonly at: number } & Discarded)[];
  readonly reconnects: { readonly at: number; readonly reason: string }[];
  /** Each state that is another than the one before. */
  readonly states: { readonly at: number; readonly state: string }[];
}

export function bytesStep(at: number, data: string | Uint8Array): ScriptStep {
  return { at, does: 'bytes', bytes: typeof data === 'string' ? new TextEncoder().encode(data) : data };
}

/** `cut` says in which pieces bytes arrive, all at the same time. */
export function playDriver(
  driver: Driver,
  steps: readonly ScriptStep[],
  cut: (bytes: Uint8Array) => readonly Uint8Array[] = (bytes) => [bytes],
): ScriptResult {
  const result: ScriptResult = { readings: [], sent: [], discarded: [], reconnects: [], states: [] };
  const take = (output: DriverOutput<Uint8Array | OutgoingMessage>, now: number) => {
    const at = now - SCRIPT_START;
    result.readings.push(...output.readings);
    for (const sent of output.send) result.sent.push({ at, sent });
    for (const discarded of output.discarded) result.discarded.push({ at, ...discarded });
    if (output.reconnect !== undefined) result.reconnects.push({ at, reason: output.reconnect });
    const { state } = output;
    if (state !== undefined && state !== result.states.at(-1)?.state) result.states.push({ at, state });
  };
  for (const step of steps) {
    const now = SCRIPT_START + step.at;
    for (let due = driver.nextTickAt(); due !== undefined && due < now; due = driver.nextTickAt()) {
      take(driver.onTick(due), due);
      if (driver.nextTickAt() === due) throw new Error(`the driver wants the same tick again (${due})`);
    }
    switch (step.does) {
      case 'open':
        take(driver.onOpen(now), now);
        break;
      case 'close':
        take(driver.onClose(now), now);
        break;
      case 'bytes':
        if (driver.transport !== 'bytes') throw new Error('a driver on messages takes no bytes');
        for (const piece of cut(step.bytes)) take(driver.onBytes(piece, now), now);
        break;
      case 'message':
        if (driver.transport !== 'messages') throw new Error('a driver on a line takes no messages');
        take(driver.onMessage(step.message, now), now);
        break;
      case 'wait':
        break;
      default:
        step satisfies never;
    }
  }
  return result;
}

/** Bytes lost by reason: the same however a line cuts what it carries. */
export function lostBytes({ discarded }: Pick<ScriptResult, 'discarded'>): Record<string, number> {
  const lost: Record<string, number> = {};
  for (const { reason, bytes } of discarded) lost[reason] = (lost[reason] ?? 0) + bytes;
  return lost;
}
