import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clockAt } from '../../test/support/clock-at.ts';
import { OrderedRelease } from './ordered-release.ts';

const virtualClock = () => clockAt(0);

describe('ordered release', () => {
  test('whatever order the work finishes in, it is released in the order of arrival, failures too', async () => {
    const finishAfter = fc.array(fc.record({ ms: fc.nat(50), fails: fc.boolean() }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(finishAfter, async (jobs) => {
        const clock = virtualClock();
        const lane = new OrderedRelease(clock, 1_000, 1_000);
        const released: string[] = [];
        for (const [index, job] of jobs.entries()) {
          const work = () =>
            new Promise<void>((resolve, reject) => {
              clock.setTimer(job.ms, 'job', () => (job.fails ? reject(new Error('no')) : resolve()));
            });
          lane.run(work, (error) => released.push(`${index}${error === undefined ? '' : '!'}`));
        }
        await clock.runFor(100);
        expect(released).toEqual(jobs.map((job, index) => `${index}${job.fails ? '!' : ''}`));
      }),
      { numRuns: 30 },
    );
  });

  test('work starts at once within the burst and at the rate beyond it', async () => {
    const clock = virtualClock();
    const lane = new OrderedRelease(clock, 10, 3);
    const startedAt: number[] = [];
    for (let index = 0; index < 6; index++) {
      lane.run(
        async () => void startedAt.push(clock.now()),
        () => undefined,
      );
    }
    expect(startedAt).toEqual([0, 0, 0]);
    await clock.runFor(1_000);
    expect(startedAt).toEqual([0, 0, 0, 100, 200, 300]);
  });

  test('work that throws at once is a failure of its own message only', async () => {
    const clock = virtualClock();
    const lane = new OrderedRelease(clock, 10, 3);
    const outcomes: (string | undefined)[] = [];
    lane.run(
      () => {
        throw new Error('bad');
      },
      (error) => outcomes.push(error?.message),
    );
    lane.run(
      () => undefined,
      (error) => outcomes.push(error?.message),
    );
    await clock.settle();
    expect(outcomes).toEqual(['bad', undefined]);
  });
});
