/** The simulated reader, read back through the protocol's own decoder. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../protocol/ports/random.ts';
import { decodeMessage } from '../../../protocol/wire/impinj-iot/decode.ts';
import type { ImpinjEvent } from '../../../protocol/wire/impinj-iot/event.ts';
import type { DeviceOutput } from '../device.ts';
import { ImpinjReader, type ImpinjReaderOptions } from './impinj-reader.ts';

const START = Date.UTC(2026, 5, 1, 6);
const EPC = '3074257bf7194e4000001a85';

function createReader(options: Partial<ImpinjReaderOptions> = {}): ImpinjReader {
  return new ImpinjReader({ random: seededRandom(7, 'reader'), topic: 'dock/1', ...options });
}

function eventsOf(output: DeviceOutput): ImpinjEvent[] {
  return output.publish.flatMap(({ payload }) => {
    const { events, refused } = decodeMessage(payload);
    expect(refused).toEqual([]);
    return events;
  });
}

/** Ticks it whenever it wants until `until`, never more often than once a millisecond. */
function run(reader: ImpinjReader, from: number, until: number): ImpinjEvent[] {
  const events: ImpinjEvent[] = [];
  let now = from;
  for (let next = reader.nextTickAt(); next !== undefined; next = reader.nextTickAt()) {
    now = Math.max(now, next);
    if (now > until) break;
    events.push(...eventsOf(reader.onTick(now)));
  }
  return events;
}

describe('the simulated Impinj reader', () => {
  it('says that it is running, then sleeps while its field is empty', () => {
    const reader = createReader();
    expect(run(reader, START, START + 60_000)).toEqual([
      {
        type: 'inventoryStatus',
        inventoryStatus: 'running',
        hostname: 'impinj-01-23-45',
        timestampMs: START,
      },
    ]);
    expect(reader.nextTickAt()).toBeUndefined();
  });

  it('reads a strong tag in nearly every round and a weak one seldom', () => {
    const reader = createReader();
    const weak = EPC.replace(/85$/, '86');
    reader.setTags([
      { epc: EPC, antenna: 1, rssiDbm: -50 },
      { epc: weak, antenna: 2, rssiDbm: -80 },
    ]);
    const reads = run(reader, START, START + 60_000).filter((event) => event.type === 'tagInventory');
    const strong = reads.filter((event) => event.epc === EPC);
    const faint = reads.filter((event) => event.epc === weak);
    expect(strong.length).toBeGreaterThan(290);
    expect(faint.length).toBeGreaterThan(3);
    expect(faint.length).toBeLessThan(60);
    expect(strong[0]).toMatchObject({ antennaPort: 1, pc: '3000', hostname: 'impinj-01-23-45' });
    const rssi = strong.reduce((sum, event) => sum + (event.peakRssiCdbm ?? 0), 0) / strong.length;
    expect(Math.abs(rssi + 5000)).toBeLessThan(50);
  });

  it('writes both notations and nine digits of the second', () => {
    const reader = createReader();
    run(reader, START, START);
    reader.setTags([{ epc: EPC, antenna: 1, rssiDbm: -40 }]);
    const [message] = reader.onTick(START + 500).publish;
    const json = JSON.parse(new TextDecoder().decode(message?.payload));
    expect(message?.topic).toBe('dock/1');
    expect(json.timestamp).toMatch(/^2026-06-01T06:00:00\.\d{9}Z$/);
    expect(json.tagInventoryEvent).toMatchObject({
      epc: 'MHQle/cZTkAAABqF',
      epcHex: '3074257BF7194E4000001A85',
    });
  });

  it('reports GPI edges once each, before the reads of the same tick', () => {
    const reader = createReader();
    run(reader, START, START);
    reader.setTags([{ epc: EPC, antenna: 1, rssiDbm: -40 }]);
    reader.setGpi(1, true);
    reader.setGpi(1, true);
    reader.setGpi(1, false);
    const types = eventsOf(reader.onTick(START + 300)).map((event) =>
      event.type === 'gpiTransition' ? event.transition : event.type,
    );
    expect(types).toEqual(['low-to-high', 'high-to-low', 'tagInventory']);
  });

  it('reads nothing on an unplugged antenna and says so', () => {
    const reader = createReader();
    run(reader, START, START);
    reader.setTags([{ epc: EPC, antenna: 3, rssiDbm: -40 }]);
    reader.setAntennaConnected(3, false);
    const events = run(reader, START, START + 5_000);
    expect(events.map((event) => event.type)).toEqual(['antennaDisconnected']);
    reader.setAntennaConnected(3, true);
    expect(run(reader, START + 5_001, START + 10_000).map((event) => event.type)).toContain('tagInventory');
  });

  it('reports its own time when its clock is wrong', () => {
    const reader = createReader({ clockOffsetMs: -86_400_000 });
    expect(run(reader, START, START)[0]?.timestampMs).toBe(START - 86_400_000);
  });

  it('does the same for the same seed, whatever is done to it, and never says what cannot be decoded', () => {
    const action = fc.oneof(
      fc.record({
        tags: fc.array(
          fc.record({
            epc: fc
              .uint8Array({ minLength: 1, maxLength: 62 })
              .map((list) => Buffer.from(list).toString('hex')),
            antenna: fc.integer({ min: 1, max: 4 }),
            rssiDbm: fc.double({ min: -100, max: -20, noNaN: true }),
          }),
          { maxLength: 4 },
        ),
      }),
      fc.record({ port: fc.integer({ min: 1, max: 4 }), high: fc.boolean() }),
      fc.record({ waitMs: fc.integer({ min: -5_000, max: 5_000 }) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 12 }), fc.integer(), (actions, seed) => {
        const play = () => {
          const reader = createReader({ random: seededRandom(seed, 'reader') });
          const trace: ImpinjEvent[] = [];
          let now = START;
          for (const step of actions) {
            if ('tags' in step) reader.setTags(step.tags);
            else if ('port' in step) reader.setGpi(step.port, step.high);
            else now += step.waitMs;
            trace.push(...eventsOf(reader.onTick(now)));
          }
          return trace;
        };
        expect(play()).toEqual(play());
      }),
      { numRuns: 50 },
    );
  });
});
