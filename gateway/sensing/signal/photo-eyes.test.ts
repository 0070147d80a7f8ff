import { expect, test } from 'vitest';
import type { Direction } from '../../../protocol/events/stock-event.ts';
import { createPhotoEyes } from './photo-eyes.ts';
import type { Side } from './side.ts';

/** `O` breaks the outer beam, `o` releases it, `I` and `i` the inner; a digit lets so many seconds pass. */
function play(text: string) {
  const eyes = createPhotoEyes(60_000);
  let at = 1000;
  for (const letter of text) {
    if (letter >= '0' && letter <= '9') at += Number(letter) * 1000;
    else {
      at += 100;
      const side: Side = letter.toLowerCase() === 'o' ? 'outer' : 'inner';
      eyes.onInput(side, letter === letter.toUpperCase(), at, at);
    }
  }
  return { eyes, until: at };
}

test.each<[string, Direction, string]>([
  ['OIoi', 'IN', 'a long load coming in'],
  ['OoIi', 'IN', 'a load shorter than the distance of the beams'],
  ['Oo2Ii', 'IN', 'the same, slowly'],
  ['OoOoIiIi', 'IN', 'a load with gaps in it'],
  ['OIoiOIoi', 'IN', 'two loads in a row'],
  ['OIoi9OIoi', 'IN', 'two loads with a pause'],
  ['IOio', 'OUT', 'a load going out'],
  ['IiOo', 'OUT', 'a short load going out'],
  ['OIio', 'TURNED_BACK', 'in far enough to break both beams, and back'],
  ['OoIiOo', 'TURNED_BACK', 'a short load that turns back'],
  ['IiOoIi', 'TURNED_BACK', 'a load from inside that turns back'],
  ['Oo', 'UNKNOWN', 'a single beam'],
  ['Oo9Ii', 'UNKNOWN', 'two single beams that do not belong together'],
  ['OIoi9IOio', 'UNKNOWN', 'in and out in one session'],
  ['OIo', 'UNKNOWN', 'a load that still stands in a beam'],
  ['', 'UNKNOWN', 'nothing'],
  ['Oo9OIoi', 'IN', 'a touch of one beam, then a load'],
])('%s is %s: %s', (text, direction) => {
  const { eyes, until } = play(text);
  expect(eyes.direction(0, until)).toBe(direction);
});

test('a forklift that goes back empty after the last tag was seen does not count', () => {
  const { eyes } = play('OIoi9IOio');
  expect(eyes.direction(1000, 5000)).toBe('IN');
});

test('a beam that was blocked in the crossing leaves it unknown, until the next crossing', () => {
  const eyes = createPhotoEyes(60_000);
  eyes.onInput('outer', true, 0, 0);
  expect(eyes.nextBlockedAt()).toBe(60_000);
  expect(eyes.findBlocked(59_999)).toEqual([]);
  expect(eyes.findBlocked(60_000)).toEqual(['outer']);
  expect(eyes.isBusy()).toBe(false);
  expect(eyes.onInput('outer', false, 70_000, 70_000)).toEqual({ edge: true, unblocked: true });
  expect(eyes.direction(0, 70_000)).toBe('UNKNOWN');
  eyes.endSession();
  for (const [side, broken, at] of [
    ['inner', true, 80_000],
    ['outer', true, 80_100],
    ['inner', false, 80_200],
    ['outer', false, 80_300],
  ] as const) {
    eyes.onInput(side, broken, at, at);
  }
  expect(eyes.direction(80_000, 81_000)).toBe('OUT');
});

/**
 * `before` is what was saved when the gateway died, `after` what is heard when it is back: letters as above, `=` and a
 * letter for how a beam stands, without an edge.
 */
function playOverRestart(before: string, after: string) {
  const { eyes: old, until } = play(before);
  const eyes = createPhotoEyes(60_000);
  eyes.restore(structuredClone(old.state));
  eyes.doubt();
  const now = until + 10_000;
  let at = until;
  for (const [, level, letter = ''] of after.matchAll(/(=?)([a-z])/gi)) {
    at += 500;
    const side: Side = letter.toLowerCase() === 'o' ? 'outer' : 'inner';
    const broken = letter === letter.toUpperCase();
    if (level === '=') eyes.onInput(side, broken, now, now, 'level');
    else eyes.onInput(side, broken, at, now, 'held-edge');
  }
  return { eyes, direction: eyes.direction(0, now) };
}

test.each<[string, string, Direction, string]>([
  ['O', 'oIi=o=i', 'IN', 'nothing lost'],
  ['O', 'i=o=i', 'IN', 'the edges between the beams lost'],
  ['I', 'o=o=i', 'OUT', 'the same on the way out'],
  ['Oo', 'i=o=i', 'IN', 'the break of the second beam lost'],
  ['O', 'iOo=o=i', 'TURNED_BACK', 'a load that turns back, the edges between the beams lost'],
  ['OI', 'i=o=i', 'IN', 'a long load, the release of the first beam lost'],
  ['IO', 'o=o=i', 'OUT', 'the same on the way out'],
  ['OoI', '=o=i', 'IN', 'the last release lost'],
  ['OI', '=o=i', 'UNKNOWN', 'a device that kept nothing: which was released last?'],
  ['IO', '=o=i', 'UNKNOWN', 'the same on the way out'],
  ['OI', '=i=o', 'UNKNOWN', 'the same, in another order of inputs'],
  ['OI', '=o=Ii', 'IN', 'the last release still to come'],
  ['O', '=o=i', 'UNKNOWN', 'a single beam, and nothing kept'],
  ['Oo', '=i=o', 'UNKNOWN', 'a beam that stands free as it did'],
])('%s, then after a restart %s is %s: %s', (before, after, direction) => {
  expect(playOverRestart(before, after).direction).toBe(direction);
});

test('a beam that comes free long after a restart belongs to no crossing of before', () => {
  const { eyes, until } = play('Oo');
  const next = createPhotoEyes(60_000);
  next.restore(structuredClone(eyes.state));
  next.onInput('inner', false, until + 20_000, until + 21_000, 'held-edge');
  expect(next.direction(0, until + 21_000)).toBe('UNKNOWN');
});

test('a beam said to be free again and again was not broken in between', () => {
  const { eyes, until } = play('Oo');
  eyes.onInput('inner', false, until + 500, until + 900, 'held-edge');
  expect(eyes.direction(0, until + 900)).toBe('UNKNOWN');
});
