import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { filtersOverlap, isTopicFilter, topicMatches } from './topic-filter.ts';

describe('topic filters', () => {
  test.each([
    ['zigbee2mqtt/+', 'zigbee2mqtt/cold-room', true],
    ['zigbee2mqtt/+', 'zigbee2mqtt', false],
    ['zigbee2mqtt/+', 'zigbee2mqtt/a/b', false],
    ['zigbee2mqtt/#', 'zigbee2mqtt', true],
    ['zigbee2mqtt/#', 'zigbee2mqtt/a/b', true],
    ['#', 'a/b', true],
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
    ['a//b', 'a//b', true],
    ['a/+/b', 'a//b', true],
    ['a/b', 'a/b/', false],
    ['/a', 'a', false],
  ])('%s and %s: %s', (filter, topic, matches) => {
    expect(topicMatches(filter, topic)).toBe(matches);
  });

  test.each([
    ['a/#', 'a/b', true],
    ['a/#', 'a', true],
    ['a/+', 'a', false],
    ['+/b', 'a/+', true],
    ['a/+', 'b/+', false],
    ['#', '$SYS/#', false],
    ['$SYS/#', '$SYS/+/x', true],
    ['a/b', 'a/b/c', false],
  ])('%s and %s overlap: %s', (one, other, overlap) => {
    expect(filtersOverlap(one, other)).toBe(overlap);
    expect(filtersOverlap(other, one)).toBe(overlap);
  });

  test('filters overlap exactly when a topic matches both', () => {
    const level = fc.constantFrom('a', 'b', '+');
    const filter = fc
      .tuple(fc.array(level, { minLength: 1, maxLength: 3 }), fc.boolean())
      .map(([levels, open]) => [...levels, ...(open ? ['#'] : [])].join('/'));
    const one = ['a', 'b'];
    const topics = [one, one, one, one].reduce<string[]>(
      (made) => [
        ...made,
        ...(made.length === 0 ? one : made.flatMap((topic) => one.map((next) => `${topic}/${next}`))),
      ],
      [],
    );
    fc.assert(
      fc.property(filter, filter, (left, right) => {
        const both = topics.some((topic) => topicMatches(left, topic) && topicMatches(right, topic));
        expect(filtersOverlap(left, right)).toBe(both);
      }),
    );
  });

  test.each(['', 'a/#/b', 'a#', 'a+/b', '#/a', 'a\0b'])('"%s" is no filter', (filter) => {
    expect(isTopicFilter(filter)).toBe(false);
  });
});
