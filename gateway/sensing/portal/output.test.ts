import { expect, test } from 'vitest';
import { createOutputCollector } from './output.ts';

const row = (key: string) => ({ key, body: '{}' });

test('a row that is put and then dropped in one call is not written', () => {
  const output = createOutputCollector();
  output.put(row('door/1/aa'));
  output.put(row('door/12/aa'));
  output.drop('door/1/');
  output.put(row('door/beams'));
  output.drop('door/beams');
  expect(output.take()).toEqual({
    events: [],
    put: [row('door/12/aa')],
    drop: ['door/1/', 'door/beams'],
  });
});

test('a row that is dropped and then put again is written', () => {
  const output = createOutputCollector();
  output.drop('door/beams');
  output.put(row('door/beams'));
  expect(output.take().put).toEqual([row('door/beams')]);
});
