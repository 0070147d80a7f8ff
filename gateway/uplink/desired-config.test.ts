/** Wishes for another configuration: sound, broken, the one that runs; over a shadow that comes and goes. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { packConfig, type ReportedConfig, unpackConfig } from '../../protocol/link/desired-config.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import type { VirtualClock } from '../../protocol/ports/virtual-clock.ts';
import { clockAt } from '../../test/support/clock-at.ts';
import { ASK_EVERY_MS, type DesiredConfigParts, DesiredConfigWatch } from './desired-config.ts';

const sha = (text: string) => createHash('sha256').update(text).digest('hex');

let clock: VirtualClock;
let desired: unknown;
let reported: ReportedConfig | undefined;
let writes: number;
let kept: string[];
let away: Error | undefined;

const wish = (text: string) => {
  desired = { revision: sha(text), body: packConfig(text) };
};
const open = (more: Partial<DesiredConfigParts> = {}) => {
  const watch = new DesiredConfigWatch({
    clock,
    random: seededRandom(1, 'desired'),
    read: async () => {
      if (away !== undefined) throw away;
      const state = { desired: desired && { config: desired }, reported: reported && { config: reported } };
      return desired === undefined ? undefined : JSON.stringify({ version: 1, state });
    },
    write: async (document) => {
      reported = JSON.parse(document).state.reported.config;
      writes += 1;
    },
    running: sha('running'),
    problemsOf: (text) => (text.startsWith('bad') ? [`line 1: ${text}`] : []),
    keep: (text) => {
      kept.push(text);
      return '/data/desired.yaml';
    },
    ...more,
  });
  watch.start();
  return watch;
};

beforeEach(() => {
  clock = clockAt(0);
  [desired, reported, writes, kept, away] = [undefined, undefined, 0, [], undefined];
});

describe('a configuration that the cloud wishes for', () => {
  it('is laid down once, reported as waiting, and not written again and again', async () => {
    const watch = open();
    await clock.runFor(0);
    expect(watch.status()).toEqual({ reported: undefined, problem: undefined });
    wish('new');
    await clock.runFor(ASK_EVERY_MS * 1.1);
    expect(reported).toMatchObject({ revision: sha('new'), outcome: 'waiting' });
    expect(reported?.detail).toContain('/data/desired.yaml');
    await clock.runFor(ASK_EVERY_MS * 10);
    expect([kept, writes]).toEqual([['new'], 1]);
    watch.stop();
    expect(clock.pendingTimers()).toEqual([]);
  });

  it('is reported as applied when it is the file that runs', async () => {
    wish('running');
    const watch = open();
    await clock.runFor(0);
    expect(reported).toMatchObject({ outcome: 'applied' });
    expect(kept).toEqual([]);
    watch.stop();
  });

  it.each<[string, unknown, RegExp]>([
    ['does not fit this gateway', { revision: sha('bad: x'), body: packConfig('bad: x') }, /line 1: bad: x/],
    ['is not the text of its revision', { revision: sha('other'), body: packConfig('new') }, /not the one/],
    ['is not gzipped', { revision: sha('new'), body: Buffer.from('new').toString('base64') }, /not readable/],
    [
      'unpacks to too much',
      { revision: sha('new'), body: gzipSync(Buffer.alloc(1024 * 1024)).toString('base64') },
      /not readable/,
    ],
  ])('is refused when it %s', async (_name, wished, detail) => {
    desired = wished;
    const watch = open();
    await clock.runFor(0);
    expect(reported).toMatchObject({ outcome: 'refused' });
    expect(reported?.detail).toMatch(detail);
    expect(kept).toEqual([]);
    watch.stop();
  });

  it('is asked for again when the service was away, and when something else stood there', async () => {
    away = new Error('unreachable');
    const watch = open();
    await clock.runFor(0);
    expect(watch.status().problem).toBe('unreachable');
    away = undefined;
    desired = { revision: 'x' };
    await clock.runFor(ASK_EVERY_MS * 1.1);
    wish('new');
    await clock.runFor(ASK_EVERY_MS * 1.1);
    expect(watch.status()).toMatchObject({ reported: { outcome: 'waiting' }, problem: undefined });
    watch.stop();
  });
});

it('packs any text that fits, and gives it back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => {
      expect(unpackConfig(packConfig(text) ?? '')).toEqual({ ok: true, text });
    }),
  );
});
