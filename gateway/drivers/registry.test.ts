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
import { playByteDriver, SCRIPT_START, type ScriptStep } from '../../test/support/byte-driver-script.ts';
import { type Conversation, readConversations } from '../../test/support/driver-conversations.ts';
import type { ByteDriver, DriverKind, MessageDriver } from './driver.ts';
import { DRIVERS, findDriver } from './registry.ts';

const FLOOD_BYTES = 2 * 1024 * 1024;
const FLOOD_MESSAGES = 10_000;
const ALLOWED_GROWTH_BYTES = 1_500_000;
/**
 * Frames without a checksum, long enough to hide others: what the driver may take to see that a stray header is none.
 * Every other driver must read the frame at once.
 */
const PATIENCE_MS: Readonly<Record<string, number>> = { llrp: 6_000 };
/** More runs of every property than a normal test takes, for a search by hand. */
const manyRuns = Number(process.env.TALLYPORT_PROPERTY_RUNS ?? 0);
/** Noise that once stood in the way of the frame behind it. */
const KEPT_NOISE = [
  [0x04, 0, 0],
  [0x04, 0, 0, 0],
  [0x04, 0, 0, 0, 0, 0x0b],
].map((bytes): [Uint8Array] => [Uint8Array.from(bytes)]);
const runs = (usual: number) => ({ numRuns: manyRuns > 0 ? manyRuns : usual });

setFlagsFromString('--expose-gc');
const collectGarbage: unknown = runInNewContext('gc');

function heldBytes(): number {
  // Twice: array buffers are let go of in the background of the first.
  for (let round = 0; round < 2; round++) if (typeof collectGarbage === 'function') collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function createByteDriver(kind: DriverKind, { options }: Conversation): ByteDriver {
  const driver = kind.create('device-1', kind.options.parse(options));
  if (driver.transport !== 'bytes') throw new Error(`${kind.kind} is not a byte driver`);
  return driver;
}

function createMessageDriver(kind: DriverKind, { options }: Conversation): MessageDriver {
  const driver = kind.create('device-1', kind.options.parse(options));
  if (driver.transport !== 'messages') throw new Error(`${kind.kind} is not a message driver`);
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

/** The conversation up to the last thing said that brought readings, that thing, and those readings. */
function lastGoodFrame(kind: DriverKind, conversation: Conversation) {
  const { steps } = conversation;
  const upTo = (count: number) =>
    measured(playByteDriver(createByteDriver(kind, conversation), steps.slice(0, count)).readings);
  for (let count = steps.length; count > 0; count--) {
    const frame = steps[count - 1];
    const before = upTo(count - 1).length;
    const all = upTo(count);
    if (frame !== undefined && all.length > before) {
      return { before: steps.slice(0, count - 1), frame, readings: all.slice(before) };
    }
  }
  throw new Error(`${kind.kind}/${conversation.name} brings no readings`);
}

/** The first conversation that ends with readings, without faults of the line in between. */
function plainConversation(kind: DriverKind): Conversation {
  const names = ['session-1.1', 'settling', 'published-example'];
  const conversations = readConversations(kind);
  const plain = conversations.find(({ name }) => names.includes(name)) ?? conversations[0];
  if (plain === undefined) throw new Error(`${kind.kind} has no golden conversation`);
  return plain;
}

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('kinds are unique, and found by name', () => {
  const kinds = DRIVERS.map(({ kind }) => kind);
  expect(new Set(kinds).size).toBe(kinds.length);
  expect(kinds).toEqual(
    expect.arrayContaining(['llrp', 'impinj-iot', 'zigbee2mqtt', 'mt-sics', 'modbus-rtu']),
  );
  for (const kind of DRIVERS) expect(findDriver(kind.kind)).toBe(kind);
  expect(findDriver('toString')).toBeUndefined();
});

describe.each(DRIVERS.filter(({ transport }) => transport === 'bytes'))('$kind, on a line', (kind) => {
  const plain = plainConversation(kind);

  test.each(readConversations(kind))('$name: any chunking gives the same', (conversation) => {
    const whole = playByteDriver(createByteDriver(kind, conversation), conversation.steps);
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(sizes, (pieces) => {
        const cut = playByteDriver(createByteDriver(kind, conversation), conversation.steps, cutter(pieces));
        expect(cut).toEqual(whole);
      }),
      runs(15),
    );
  });

  test('random bytes at any moment never throw, and bring no readings of the wrong device', () => {
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
          return [{ at, does: 'hex', data: hexOf(bytes) }];
        });
        const script = [{ at: 0, does: 'open' as const }, ...steps];
        const { readings } = playByteDriver(createByteDriver(kind, plain), script);
        for (const reading of readings) expect(reading.device).toBe('device-1');
      }),
      runs(60),
    );
  });

  test('after noise the next good frame is read, if need be after a new session the driver asked for', () => {
    const { before, frame, readings } = lastGoodFrame(kind, plain);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
        const driver = createByteDriver(kind, plain);
        const noise: ScriptStep = { at: frame.at, does: 'hex', data: hexOf(bytes) };
        const first = playByteDriver(driver, [...before, noise, frame]);
        const read = measured(first.readings).slice(-readings.length);
        if (first.reconnects.length === 0) {
          if (isDeepStrictEqual(read, readings)) return;
          const patienceMs = PATIENCE_MS[kind.kind];
          if (patienceMs === undefined) expect(read).toEqual(readings);
          const later = playByteDriver(driver, [{ at: frame.at + (patienceMs ?? 0), does: 'wait' }]);
          expect(later.reconnects).not.toEqual([]);
        }
        playByteDriver(driver, [{ at: frame.at, does: 'close' }]);
        const again = playByteDriver(driver, [...before, frame]);
        expect(measured(again.readings).slice(-readings.length)).toEqual(readings);
      }),
      { ...runs(60), examples: KEPT_NOISE },
    );
  });

  test('a flood of bytes without meaning is let go of', () => {
    for (const filling of [0x04, 0x53, 0xff]) {
      const driver = createByteDriver(kind, plain);
      driver.onOpen(SCRIPT_START);
      const chunk = new Uint8Array(64 * 1024).fill(filling);
      driver.onBytes(chunk, SCRIPT_START);
      const before = heldBytes();
      for (let sent = 0; sent < FLOOD_BYTES; sent += chunk.length) driver.onBytes(chunk, SCRIPT_START);
      expect(heldBytes() - before).toBeLessThan(ALLOWED_GROWTH_BYTES);
      driver.onClose(SCRIPT_START);
    }
  });
});

describe.each(DRIVERS.filter(({ transport }) => transport === 'messages'))('$kind, on messages', (kind) => {
  const conversations = readConversations(kind);
  const plain = plainConversation(kind);
  const play = (driver: MessageDriver, { messages }: Conversation) =>
    messages.flatMap((message) => driver.onMessage(message, message.at).readings);

  test.each(conversations)('$name: the same messages give the same readings', (conversation) => {
    const first = play(createMessageDriver(kind, conversation), conversation);
    expect(play(createMessageDriver(kind, conversation), conversation)).toEqual(first);
  });

  test('random messages never throw, and do not stand in the way of good ones', () => {
    const topics = plain.messages.map(({ topic }) => topic);
    const topic = fc.oneof(fc.constantFrom(...topics), fc.string({ maxLength: 40 }));
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.json().map((text) => new TextEncoder().encode(text)),
    );
    const messages = fc.array(fc.record({ topic, payload, retained: fc.boolean() }), { maxLength: 20 });
    fc.assert(
      fc.property(messages, (noise) => {
        const driver = createMessageDriver(kind, plain);
        const [firstGood] = plain.messages;
        for (const message of noise) {
          for (const reading of driver.onMessage(message, firstGood?.at ?? 0).readings) {
            expect(reading.device).toBe('device-1');
          }
        }
        const clean = play(createMessageDriver(kind, plain), plain);
        expect(measured(play(driver, plain)).length).toBeGreaterThanOrEqual(measured(clean).length);
      }),
      runs(60),
    );
  });

  test('a flood of messages, each under a name of its own, is let go of', () => {
    const driver = createMessageDriver(kind, plain);
    const [good] = plain.messages;
    if (good === undefined) throw new Error('no message');
    const parent = good.topic.split('/').slice(0, -1).join('/');
    const flood = (from: number, count: number) => {
      for (let index = from; index < from + count; index++) {
        driver.onMessage({ ...good, topic: `${parent}/device-${index}` }, good.at);
        driver.onMessage({ ...good, payload: new Uint8Array(512).fill(0x41) }, good.at);
      }
    };
    flood(0, 2_000);
    const before = heldBytes();
    flood(2_000, FLOOD_MESSAGES);
    expect(heldBytes() - before).toBeLessThan(ALLOWED_GROWTH_BYTES);
  });
});
