import { describe, expect, test } from 'vitest';
import { isTopicFilter, topicMatches } from './topic-filter.ts';

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

  test.each(['', 'a/#/b', 'a#', 'a+/b', '#/a', 'a\0b'])('"%s" is no filter', (filter) => {
    expect(isTopicFilter(filter)).toBe(false);
  });
});
