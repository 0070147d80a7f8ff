import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Episode, LimitRule, Sample } from './episode.ts';
import { episodesOf, evaluate } from './evaluate.fixture.ts';
import { evaluateFrom } from './evaluate.ts';
import { standing } from './standing.ts';
import { isBeyond, OK, step, type Track } from './track.ts';

const MINUTE = 60_000;

const HIGH: LimitRule = {
  id: 'fridge-high',
  version: 1,
  comparator: 'above',
  limitMilli: 8000,
  deadBandMilli: 500,
  onDelayMs: 10 * MINUTE,
  offDelayMs: 4 * MINUTE,
  maxGapMs: 15 * MINUTE,
};
const LOW: LimitRule = { ...HIGH, id: 'fridge-low', comparator: 'below', limitMilli: 2000 };
const AT = { point: 'probe-1' };

/** `0:5 10:8.5` → samples at minute 0 and 10, in degrees. */
function minutes(story: string): Sample[] {
  return story
    .trim()
    .split(/\s+/)
    .map((word, index) => {
      const [minute, degrees] = word.split(':').map(Number);
      const occurredAt = (minute ?? 0) * MINUTE;
      return {
        occurredAt,
        occurredKey: `g/e/condition/${String(index).padStart(16, '0')}`,
        valueMilli: Math.round((degrees ?? 0) * 1000),
      };
    });
}

/** `start-active-end peak unknown` in minutes and degrees. */
function spans(episodes: Episode[]): string[] {
  return episodes.map((episode) => {
    const end = episode.endedAt === null ? 'open' : episode.endedAt / MINUTE;
    const unknown = episode.unknownMs === 0 ? '' : ` unknown ${episode.unknownMs / MINUTE}`;
    return `${episode.startedAt / MINUTE}-${episode.activeAt / MINUTE}-${end} peak ${episode.peakMilli / 1000}${unknown}`;
  });
}

interface Story {
  story: string;
  rule?: Partial<LimitRule>;
  low?: boolean;
  samples: string;
  episodes: string[];
}

const STORIES: Story[] = [
  { story: 'nothing is nothing', samples: '0:5', episodes: [] },
  {
    story: 'the limit itself is within bounds, above',
    samples: '0:8.0 5:8.0 10:8.0 15:8.0 20:8.0',
    episodes: [],
  },
  { story: 'the limit itself is within bounds, below', low: true, samples: '0:2 10:2 20:2', episodes: [] },
  {
    story: 'one milli-degree beyond the limit is beyond it',
    samples: '0:8.001 5:8.001 10:8.001',
    episodes: ['0-10-open peak 8.001'],
  },
  {
    story: 'a spike shorter than the delay does not count',
    samples: '0:5 5:9 10:9 14:7 20:5',
    episodes: [],
  },
  {
    story: 'a stretch of exactly the delay counts',
    samples: '0:5 5:9 10:9 15:7 20:5',
    episodes: ['5-15-15 peak 9'],
  },
  {
    story: 'a sample stands until the next: the delay ripens between two samples',
    samples: '0:9 7:9 14:9',
    episodes: ['0-10-open peak 9'],
  },
  {
    story: 'two samples hours apart do not make a duration',
    samples: '0:9 240:9',
    episodes: [],
  },
  {
    story: 'one hot sample two hours old, delivered now, does not make a duration',
    samples: '0:9',
    episodes: [],
  },
  {
    story: 'a pending delay does not ripen in a gap, and the gap is counted as unknown',
    samples: '0:9 6:9 66:9 69:9 71:9',
    episodes: ['0-70-open peak 9 unknown 60'],
  },
  {
    story: 'a gap of exactly the greatest allowed length is no gap',
    samples: '0:9 15:9',
    episodes: ['0-10-open peak 9'],
  },
  {
    story: 'an active episode stays open across a gap',
    samples: '0:9 10:9 100:9 105:5 110:5',
    episodes: ['0-10-105 peak 9 unknown 90'],
  },
  {
    story: 'an active episode that is found back within bounds after a gap ends after the gap',
    samples: '0:9 10:9 100:5 105:5',
    episodes: ['0-10-100 peak 9 unknown 90'],
  },
  {
    story: 'a recovery begins again after a gap',
    samples: '0:9 10:9 12:5 40:5 42:5 44:5',
    episodes: ['0-10-40 peak 9 unknown 28'],
  },
  {
    story: 'the dead band keeps an episode open; its end is the first sample of the return that lasted',
    samples: '0:9 10:9 12:7.6 20:7.6 25:7.5 29:7.5',
    episodes: ['0-10-25 peak 9'],
  },
  {
    story: 'a short return does not end it, and what follows is the same episode',
    samples: '0:9 10:9 12:5 14:5 15:10 20:5 25:5',
    episodes: ['0-10-20 peak 10'],
  },
  {
    story: 'a return into the dead band is no return',
    samples: '0:9 10:9 12:5 14:7.9 18:5 22:5',
    episodes: ['0-10-18 peak 9'],
  },
  {
    story: 'a return not yet old enough leaves it open',
    samples: '0:9 10:9 12:5 15:5',
    episodes: ['0-10-open peak 9'],
  },
  {
    story: 'two excursions are two episodes',
    samples: '0:9 10:9 12:5 16:5 30:8.5 40:9.5 42:5 47:5',
    episodes: ['0-10-12 peak 9', '30-40-42 peak 9.5'],
  },
  {
    story: 'the sample that proves the return may start the next pending delay',
    samples: '0:9 10:9 12:5 16:9 26:9',
    episodes: ['0-10-12 peak 9', '16-26-open peak 9'],
  },
  {
    story: 'before it counts, one sample in the dead band puts the delay back',
    samples: '0:9 9:7.9 10:9 19:9',
    episodes: [],
  },
  {
    story: 'a short cold spell straight into heat opens the heat, and only the heat',
    samples: '0:1 3:1 5:9 10:9 15:9 17:5 22:5',
    episodes: ['5-15-17 peak 9'],
  },
  {
    story: 'the same samples under the low rule open nothing',
    low: true,
    samples: '0:1 3:1 5:9 10:9 15:9 17:5 22:5',
    episodes: [],
  },
  {
    story: 'the low rule finds its lowest value',
    low: true,
    samples: '0:1.9 5:-0.5 12:1 15:3 20:3',
    episodes: ['0-10-15 peak -0.5'],
  },
  {
    story: 'without delays the first sample counts and the first return ends',
    rule: { onDelayMs: 0, offDelayMs: 0, deadBandMilli: 0 },
    samples: '0:5 1:8.1 2:8 3:8.2',
    episodes: ['1-1-2 peak 8.1', '3-3-open peak 8.2'],
  },
  {
    story: 'samples of one instant: the greatest key stands',
    rule: { onDelayMs: 0, offDelayMs: 0 },
    samples: '0:5 1:9 1:5 2:5 2:9',
    episodes: ['2-2-open peak 9'],
  },
];

describe('the episodes of a story', () => {
  it.each(STORIES)('$story', ({ rule, low, samples, episodes }) => {
    expect(spans(evaluate(minutes(samples), { ...(low ? LOW : HIGH), ...rule }, AT))).toEqual(episodes);
  });

  it('a late hot stretch between two cold samples is found as if it had come in time', () => {
    const all = minutes('0:5 5:9 10:9 15:9 20:5 25:5');
    const live = all.filter((sample) => sample.valueMilli === 5000);
    expect(evaluate(live, HIGH, AT)).toEqual([]);
    expect(spans(evaluate([...live, ...all], HIGH, AT))).toEqual(['5-15-20 peak 9']);
  });

  it('a late cold sample between two hot ones splits the episode', () => {
    const hot = minutes('0:9 10:9 20:9 30:9 40:9');
    const cold = minutes('15:5 19:5').map((sample) => ({
      ...sample,
      occurredKey: `late/${sample.occurredAt}`,
    }));
    expect(spans(evaluate(hot, HIGH, AT))).toEqual(['0-10-open peak 9']);
    expect(spans(evaluate([...hot, ...cold], HIGH, AT))).toEqual(['0-10-15 peak 9', '20-30-open peak 9']);
  });

  it('ids differ by point, rule, version and start, and by nothing else', () => {
    const samples = minutes('0:9 10:9 20:9');
    const id = (rule: LimitRule, point: string) => evaluate(samples, rule, { point })[0]?.id;
    const ids = [
      id(HIGH, 'a'),
      id(HIGH, 'b'),
      id({ ...HIGH, version: 2 }, 'a'),
      id({ ...HIGH, id: 'other' }, 'a'),
    ];
    expect(new Set(ids).size).toBe(4);
    expect(id({ ...HIGH, limitMilli: 7000 }, 'a')).toBe(ids[0]);
  });
});

const arbitraryRule: fc.Arbitrary<LimitRule> = fc.record({
  id: fc.constant('r'),
  version: fc.constant(1),
  comparator: fc.constantFrom('above', 'below'),
  limitMilli: fc.integer({ min: -2, max: 2 }),
  deadBandMilli: fc.integer({ min: 0, max: 2 }),
  onDelayMs: fc.integer({ min: 0, max: 6 }),
  offDelayMs: fc.integer({ min: 0, max: 5 }),
  maxGapMs: fc.integer({ min: 1, max: 6 }),
});

const arbitrarySamples: fc.Arbitrary<Sample[]> = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: -5, max: 5 })), { maxLength: 40 })
  .map((pairs) =>
    pairs.map(([occurredAt, valueMilli], index) => ({
      occurredAt,
      occurredKey: `k${String(index).padStart(3, '0')}`,
      valueMilli,
    })),
  );

/** The tracks after each sample: an independent look at what lies between. */
function tracks(samples: readonly Sample[], rule: LimitRule): { at: number; track: Track }[] {
  let track: Track = OK;
  return standing(samples).map((sample) => {
    track = step(track, sample, rule, AT.point).track;
    return { at: sample.occurredAt, track };
  });
}

describe('episodes are a function of the set of samples', () => {
  it('in any order and with any repeats', () => {
    fc.assert(
      fc.property(arbitraryRule, arbitrarySamples, fc.infiniteStream(fc.nat(999)), (rule, samples, noise) => {
        const expected = evaluate(samples, rule, AT);
        const dice = [...noise.take(samples.length * 2)];
        const twice = [...samples, ...samples.filter((_, index) => (dice[index] ?? 0) % 3 === 0)];
        const shuffled = twice
          .map((sample, index) => ({ sample, at: dice[index] ?? 0 }))
          .sort((a, b) => a.at - b.at)
          .map(({ sample }) => sample);
        expect(evaluate(shuffled, rule, AT)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('evaluated in two pieces at any instant', () => {
    fc.assert(
      fc.property(arbitraryRule, arbitrarySamples, fc.nat(60), (rule, samples, cut) => {
        const early = evaluateFrom(
          OK,
          samples.filter((s) => s.occurredAt < cut),
          rule,
          AT,
        );
        const late = evaluateFrom(
          early.track,
          samples.filter((s) => s.occurredAt >= cut),
          rule,
          AT,
        );
        expect([...early.ended, ...episodesOf(late, rule, AT)]).toEqual(evaluate(samples, rule, AT));
      }),
      { numRuns: 500 },
    );
  });

  it('evaluated from any boundary at which no episode stands', () => {
    fc.assert(
      fc.property(arbitraryRule, arbitrarySamples, (rule, samples) => {
        const whole = evaluate(samples, rule, AT);
        for (const { at, track } of tracks(samples, rule)) {
          if (track.phase !== 'ok') continue;
          const from = evaluateFrom(
            OK,
            samples.filter((s) => s.occurredAt >= at),
            rule,
            AT,
          );
          expect(episodesOf(from, rule, AT)).toEqual(whole.filter((e) => e.startedAt >= at));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('what is true of every episode', () => {
  it('starts beyond the limit, counts after the delay in known time, and does not touch the next', () => {
    fc.assert(
      fc.property(arbitraryRule, arbitrarySamples, (rule, samples) => {
        const stood = standing(samples);
        const episodes = evaluate(samples, rule, AT);
        for (const [index, episode] of episodes.entries()) {
          const end = episode.endedAt ?? Number.POSITIVE_INFINITY;
          const inside = stood.filter((s) => s.occurredAt >= episode.startedAt && s.occurredAt < end);
          expect(isBeyond(rule, inside[0]?.valueMilli ?? 0)).toBe(true);
          const values = inside.map((s) => s.valueMilli);
          expect(episode.peakMilli).toBe(
            rule.comparator === 'above' ? Math.max(...values) : Math.min(...values),
          );
          expect(episode.activeAt - episode.startedAt).toBeGreaterThanOrEqual(rule.onDelayMs);
          expect(end).toBeGreaterThanOrEqual(episode.activeAt);
          const times = [...inside.map((s) => s.occurredAt), ...(episode.endedAt === null ? [] : [end])];
          const gaps = times.map((t, i) => t - (times[i - 1] ?? t)).filter((d) => d > rule.maxGapMs);
          expect(episode.unknownMs).toBe(gaps.reduce((sum, gap) => sum + gap, 0));
          expect(episodes[index + 1]?.startedAt ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(end);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a wider delay finds no more hours than a shorter one', () => {
    fc.assert(
      fc.property(arbitraryRule, arbitrarySamples, (rule, samples) => {
        const longer = evaluate(samples, { ...rule, onDelayMs: rule.onDelayMs + 2 }, AT);
        const shorter = evaluate(samples, rule, AT);
        for (const episode of longer) {
          expect(shorter.some((other) => other.startedAt <= episode.startedAt)).toBe(true);
        }
      }),
    );
  });
});
