import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GroupQueue } from './group-queue.ts';

const LIMIT = 10;

/** Pushes these sizes, some of them while a group is being taken; gives back the groups. */
async function groupsOf(sizes: readonly number[], atOnce: number): Promise<number[][]> {
  const groups: number[][] = [];
  const left = [...sizes];
  let underWay = 0;
  const pushSome = () => {
    for (const size of left.splice(0, atOnce)) queue.push(size);
  };
  const queue = new GroupQueue<number>({
    limit: LIMIT,
    sizeOf: (size) => size,
    async take(group) {
      expect(++underWay).toBe(1);
      groups.push([...group]);
      await Promise.resolve();
      pushSome();
      underWay--;
    },
  });
  while (left.length > 0 || queue.length > 0 || underWay > 0) {
    pushSome();
    await new Promise((done) => setImmediate(done));
  }
  return groups;
}

describe('a group queue', () => {
  it('takes everything once, in order, one group at a time, as much at a time as fits', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 14 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        async (sizes, atOnce) => {
          const groups = await groupsOf(sizes, atOnce);
          expect(groups.flat()).toEqual(sizes);
          for (const group of groups) {
            const size = group.reduce((sum, one) => sum + one, 0);
            expect(group.length === 1 || size <= LIMIT).toBe(true);
          }
        },
      ),
    );
  });

  it('takes the first alone and those that came meanwhile together', async () => {
    expect(await groupsOf([1, 2, 3, 4, 5, 6], 6)).toEqual([[1], [2, 3, 4], [5], [6]]);
  });
});
