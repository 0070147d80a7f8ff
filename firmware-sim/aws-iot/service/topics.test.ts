import { expect, it } from 'vitest';
import { isTopicFilter, topicMatches } from '../../../protocol/link/topic-filter.ts';
import { basicIngest, countedSlashes, isTopicName } from './topics.ts';

it.each([
  ['a/b', 'a/b', true],
  ['a/+', 'a/b', true],
  ['a/+', 'a', false],
  ['a/+', 'a/b/c', false],
  ['a/#', 'a', true],
  ['a/#', 'a/b/c', true],
  ['+/b', '/b', true],
  ['#', 'a/b', true],
  ['#', '$aws/things', false],
  ['+/things', '$aws/things', false],
  ['$aws/#', '$aws/things', true],
  ['a/b', 'a/b/', false],
])('%s takes %s: %s', (filter, topic, takes) => {
  expect(topicMatches(filter, topic)).toBe(takes);
});

it.each([
  ['a/#/b', false],
  ['a#', false],
  ['a/+b', false],
  ['', false],
  ['+/#', true],
])('%s is a filter: %s', (filter, sound) => {
  expect(isTopicFilter(filter)).toBe(sound);
});

it('counts slashes without the prefix of Basic Ingest', () => {
  expect(countedSlashes('$aws/rules/up/a/b')).toBe(1);
  expect(basicIngest('$aws/rules/up/a/b')).toEqual({ rule: 'up', topic: 'a/b' });
  expect(basicIngest('$aws/rules/up')).toBeUndefined();
  expect(isTopicName('a/+')).toBe(false);
});
