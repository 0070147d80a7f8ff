import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../protocol/ports/random.ts';
import { SicsLineParser } from '../../../protocol/wire/mt-sics/line-parser.ts';
import { MtSicsScale, type MtSicsScaleOptions } from './mt-sics-scale.ts';

/** A scale and all it says, line by line; time passes only through `run`. */
function setUp(options: Partial<MtSicsScaleOptions> = {}) {
  const scale = new MtSicsScale({ random: seededRandom(3, 'scale'), ...options });
  const parser = new SicsLineParser();
  const lines: string[] = [];
  const pieces: Uint8Array[] = [];
  let now = 0;
  const hear = (chunks: Uint8Array[]) => {
    pieces.push(...chunks);
    for (const event of chunks.flatMap((chunk) => parser.push(chunk))) {
      lines.push(event.kind === 'reply' ? event.raw : `? ${event.reason}`);
    }
  };
  const run = (durationMs: number) => {
    const until = now + durationMs;
    for (let due = scale.nextTickAt(); due !== undefined && due <= until; due = scale.nextTickAt()) {
      now = Math.max(now, due);
      hear(scale.onTick(now).send);
    }
    now = until;
  };
  const ask = (command: string, waitMs = 50) => {
    lines.length = 0;
    hear(scale.onBytes(new TextEncoder().encode(`${command}\r\n`), now).send);
    run(waitMs);
    return [...lines];
  };
  const load = (milligrams: number) => scale.setLoadMilligrams(milligrams, now);
  scale.onConnect();
  return { scale, lines, pieces, run, ask, load };
}

const quiet = { noiseMilligrams: 0 };

describe('a simulated MT-SICS scale', () => {
  test('a new load is dynamic first, then stable at the true mass', () => {
    const { ask, load, run } = setUp(quiet);
    expect(ask('SI')).toEqual(['S S       0.00 kg']);
    load(12_340_000);
    expect(ask('SI')[0]).toMatch(/^S D/);
    run(5_000);
    expect(ask('SI')).toEqual(['S S      12.34 kg']);
  });

  test('S waits for stability, and gives up with I', () => {
    const { ask, load } = setUp(quiet);
    load(5_000_000);
    expect(ask('S', 5_000)).toEqual(['S S       5.00 kg']);
    const never = setUp({ ...quiet, settleMs: 100_000, stabilityTimeoutMs: 1_000 });
    never.load(5_000_000);
    expect(never.ask('S', 2_000)).toEqual(['S I']);
  });

  test('SIR streams at its pace until another command comes', () => {
    const { ask } = setUp(quiet);
    expect(ask('SIR', 1_000)).toHaveLength(11);
    expect(ask('SI', 1_000)).toHaveLength(1);
  });

  test('SR sends stable weights, and only when they change', () => {
    const { ask, load, run, lines } = setUp(quiet);
    expect(ask('SR', 2_000)).toEqual(['S S       0.00 kg']);
    load(1_000_000);
    run(5_000);
    expect(lines).toEqual(['S S       0.00 kg', 'S S       1.00 kg']);
  });

  test('past its range it shows no number', () => {
    const { ask, load, run } = setUp(quiet);
    load(61_000_000);
    run(5_000);
    expect(ask('SI')).toEqual(['S +']);
    load(-1_000_000);
    run(5_000);
    expect(ask('SI')).toEqual(['S -']);
  });

  test('tare, preset tare, clearing and zero', () => {
    const { ask, load, run } = setUp(quiet);
    load(500_000);
    run(5_000);
    expect(ask('T')).toEqual(['T S       0.50 kg']);
    expect(ask('SI')).toEqual(['S S       0.00 kg']);
    expect(ask('TA 1.50 kg')).toEqual(['TA A       1.50 kg']);
    expect(ask('SI')).toEqual(['S S      -1.00 kg']);
    expect(ask('TA nonsense')).toEqual(['TA L']);
    expect(ask('TAC')).toEqual(['TAC A']);
    expect(ask('Z')).toEqual(['Z A']);
    expect(ask('SI')).toEqual(['S S       0.00 kg']);
    load(10_000_000);
    expect(ask('Z')).toEqual(['Z I']);
    run(5_000);
    expect(ask('Z')).toEqual(['Z +']);
  });

  test('who it is, and what it does not know', () => {
    const { ask } = setUp();
    expect(ask('I4')).toEqual(['I4 A "1234567"']);
    expect(ask('@')).toEqual(['I4 A "1234567"']);
    expect(ask('I2')).toEqual(['I2 A "ICS469"']);
    expect(ask('I0').at(-1)).toMatch(/^I0 A/);
    expect(ask('FOO')).toEqual(['ES']);
  });

  test('faults: silent says nothing, error refuses weights', () => {
    const { scale, ask } = setUp();
    scale.setFault('silent');
    expect(ask('SI')).toEqual([]);
    scale.setFault('error');
    expect(ask('SI')).toEqual(['S I']);
  });

  test('lines leave in pieces, and are whole again at the other end', () => {
    const { ask, pieces } = setUp({ splitChance: 0.5 });
    expect(ask('SIR', 5_000).every((line) => line.startsWith('S '))).toBe(true);
    expect(pieces.length).toBeGreaterThan(60);
  });

  test('the same seed says the same bytes', () => {
    const say = () => {
      const { ask, load, run, pieces } = setUp();
      ask('SIR', 500);
      load(3_000_000);
      run(2_000);
      return pieces.map((piece) => Buffer.from(piece).toString('hex'));
    };
    expect(say()).toEqual(say());
  });

  test('any bytes from the host are answered or ignored, never an error', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (chunks) => {
        const { scale } = setUp();
        for (const chunk of chunks) scale.onBytes(chunk, 0);
      }),
    );
  });
});
