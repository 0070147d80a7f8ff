/**
 * The driver contract, held against every driver in the registry: its own golden conversations in any chunking,
 * noise, floods, recovery. A new driver is held to it by being in the registry.
 */
import { isDeepStrictEqual } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Reading } from '../../protocol/readings/reading.ts';
import { goldenNames, readGolden } from '../../test/support/driver-golden.ts';
import {
  bytesStep,
  lostBytes,
  playDriver,
  SCRIPT_START,
  type ScriptResult,
  type ScriptStep,
} from '../../test/support/driver-script.ts';
import { propertyRuns } from '../../test/support/property-runs.ts';
import { type ByteDriver, type Driver, MESSAGE_ORIGINS, type MessageDriver } from './driver.ts';
import { DRIVERS, findDriver } from './registry.ts';

const FLOOD_BYTES = 2 * 1024 * 1024;
const FLOOD_MESSAGES = 10_000;
const ALLOWED_GROWTH_BYTES = 1_500_000;
/** Noise that once stood in the way of the frame behind it. */
const KEPT_NOISE = [
  [0x04, 0, 0],
  [0x04, 0, 0, 0],
  [0x04, 0, 0, 0, 0, 0x0b],
].map((bytes): [Uint8Array] => [Uint8Array.from(bytes)]);

setFlagsFromString('--expose-gc');
const collectGarbage: unknown = runInNewContext('gc');

function heldBytes(): number {
  // Twice: array buffers are let go of in the background of the first.
  for (let round = 0; round < 2; round++) if (typeof collectGarbage === 'function') collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function onBytes(driver: Driver): ByteDriver {
  if (driver.transport !== 'bytes') throw new Error('not a byte driver');
  return driver;
}

function onMessages(driver: Driver): MessageDriver {
  if (driver.transport !== 'messages') throw new Error('not a message driver');
  return driver;
}

/** Cuts bytes into pieces of the given sizes, over and over. */
function cutter(sizes: readonly number[]) {
  let next = 0;
  return (bytes: Uint8Array): Uint8Array[] => {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      const size = sizes[next++ % sizes.length] ?? 1;
      pieces.push(bytes.subarray(at, at + size));
      at += size;
    }
    return pieces;
  };
}

const measured = (readings: readonly Reading[]) => readings.filter((reading) => reading.kind !== 'health');

/** What must not depend on how a line cuts what it carries. */
const essence = ({ readings, sent, reconnects, states, discarded }: ScriptResult) => ({
  readings,
  sent,
  reconnects,
  state: states.at(-1)?.state,
  lost: lostBytes({ discarded }),
});

/** The plain conversation up to the last thing said that brought readings, that thing, and those readings. */
function lastGoodFrame(kind: string) {
  const { steps, createDriver } = readGolden(kind, 'plain');
  const upTo = (count: number) => measured(playDriver(createDriver(), steps.slice(0, count)).readings);
  for (let count = steps.length; count > 0; count--) {
    const frame = steps[count - 1];
    const before = upTo(count - 1).length;
    const all = upTo(count);
    if (frame !== undefined && all.length > before) {
      return { before: steps.slice(0, count - 1), frame, readings: all.slice(before) };
    }
  }
  throw new Error(`the plain case of ${kind} brings no readings`);
}

test('kinds are unique, and found by name', () => {
  const kinds = DRIVERS.map(({ kind }) => kind);
  expect(new Set(kinds).size).toBe(kinds.length);
  for (const kind of DRIVERS) expect(findDriver(kind.kind)).toBe(kind);
  expect(findDriver('toString')).toBeUndefined();
});

describe.each(DRIVERS.filter(({ transport }) => transport === 'bytes'))(
  '$kind, on a line',
  ({ kind, resyncMs }) => {
    test.each(goldenNames(kind))('%s: any chunking gives the same', (name) => {
      const { steps, createDriver } = readGolden(kind, name);
      const whole = essence(playDriver(createDriver(), steps));
      const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 });
      fc.assert(
        fc.property(sizes, (pieces) => {
          expect(essence(playDriver(createDriver(), steps, cutter(pieces)))).toEqual(whole);
        }),
        { numRuns: propertyRuns(25) },
      );
    });

    test('random bytes at any moment never throw, and bring no readings of the wrong device', () => {
      const { device, createDriver } = readGolden(kind, 'plain');
      const step = fc.tuple(fc.nat(3_000), fc.uint8Array({ maxLength: 200 }), fc.nat(20));
      fc.assert(
        fc.property(fc.array(step, { maxLength: 20 }), (noise) => {
          let at = 0;
          const steps = noise.flatMap(([pauseMs, bytes, choice]): ScriptStep[] => {
            at += pauseMs;
            if (choice === 0)
              return [
                { at, does: 'close' },
                { at, does: 'open' },
              ];
            return [bytesStep(at, bytes)];
          });
          const { readings } = playDriver(createDriver(), [{ at: 0, does: 'open' }, ...steps]);
          for (const reading of readings) expect(reading.device).toBe(device);
        }),
        { numRuns: propertyRuns(60) },
      );
    });

    test('after noise the next good frame is read, if need be after a new session the driver asked for', () => {
      const { createDriver } = readGolden(kind, 'plain');
      const { before, frame, readings } = lastGoodFrame(kind);
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
          const driver = createDriver();
          const first = playDriver(driver, [...before, bytesStep(frame.at, bytes), frame]);
          const read = measured(first.readings).slice(-readings.length);
          if (first.reconnects.length === 0) {
            if (isDeepStrictEqual(read, readings)) return;
            if (resyncMs === undefined) expect(read).toEqual(readings);
            const later = playDriver(driver, [{ at: frame.at + (resyncMs ?? 0), does: 'wait' }]);
            expect(later.reconnects).not.toEqual([]);
          }
          playDriver(driver, [{ at: frame.at, does: 'close' }]);
          const again = playDriver(driver, [...before, frame]);
          expect(measured(again.readings).slice(-readings.length)).toEqual(readings);
        }),
        { numRuns: propertyRuns(60), examples: KEPT_NOISE },
      );
    });

    test('a flood of bytes without meaning is let go of', () => {
      for (const filling of [0x04, 0x53, 0xff]) {
        const driver = onBytes(readGolden(kind, 'plain').createDriver());
        driver.onOpen(SCRIPT_START);
        const chunk = new Uint8Array(64 * 1024).fill(filling);
        driver.onBytes(chunk, SCRIPT_START);
        const before = heldBytes();
        for (let sent = 0; sent < FLOOD_BYTES; sent += chunk.length) driver.onBytes(chunk, SCRIPT_START);
        expect(heldBytes() - before).toBeLessThan(ALLOWED_GROWTH_BYTES);
        driver.onClose(SCRIPT_START);
      }
    });
  },
);

describe.each(DRIVERS.filter(({ transport }) => transport === 'messages'))(
  '$kind, on messages',
  ({ kind }) => {
    const plainMessages = () =>
      readGolden(kind, 'plain').steps.flatMap((step) => (step.does === 'message' ? [step.message] : []));

    test.each(goldenNames(kind))('%s: the same messages give the same', (name) => {
      const { steps, createDriver } = readGolden(kind, name);
      expect(playDriver(createDriver(), steps)).toEqual(playDriver(createDriver(), steps));
    });

    test('random messages never throw, and do not stand in the way of good ones', () => {
      const { device, steps, createDriver } = readGolden(kind, 'plain');
      const topics = plainMessages().map(({ topic }) => topic);
      const clean = measured(playDriver(createDriver(), steps).readings).length;
      expect(clean).toBeGreaterThan(0);
      const topic = fc.oneof(fc.constantFrom(...topics), fc.string({ maxLength: 40 }));
      const payload = fc.oneof(
        fc.uint8Array({ maxLength: 100 }),
        fc.json().map((text) => new TextEncoder().encode(text)),
      );
      const message = fc.record({ topic, payload, origin: fc.constantFrom(...MESSAGE_ORIGINS) });
      fc.assert(
        fc.property(fc.array(message, { maxLength: 20 }), (noise) => {
          const driver = createDriver();
          const noisy = noise.map((message): ScriptStep => ({ at: 0, does: 'message', message }));
          for (const reading of playDriver(driver, noisy).readings) expect(reading.device).toBe(device);
          expect(measured(playDriver(driver, steps).readings).length).toBeGreaterThanOrEqual(clean);
        }),
        { numRuns: propertyRuns(60) },
      );
    });

    test('a flood of messages, each under a name of its own, is let go of', () => {
      const driver = onMessages(readGolden(kind, 'plain').createDriver());
      const [good] = plainMessages();
      if (good === undefined) throw new Error('no message');
      const parent = good.topic.split('/').slice(0, -1).join('/');
      const flood = (from: number, count: number) => {
        for (let index = from; index < from + count; index++) {
          driver.onMessage({ ...good, topic: `${parent}/device-${index}` }, SCRIPT_START);
          driver.onMessage({ ...good, payload: new Uint8Array(512).fill(0x41) }, SCRIPT_START);
        }
      };
      flood(0, 2_000);
      const before = heldBytes();
      flood(2_000, FLOOD_MESSAGES);
      expect(heldBytes() - before).toBeLessThan(ALLOWED_GROWTH_BYTES);
    });
  },
);
