import { expect, it } from 'vitest';
import { seededRandom } from '../../protocol/ports/random.ts';
import type { Intake } from '../intake/intake.ts';
import { mqttClientId, sumOf, together } from './open-intake.ts';

function intake(name: string, log: string[], fails = false): Intake {
  return {
    state: `${name} is open`,
    async start() {
      log.push(`${name} starts`);
      if (fails) throw new Error(`${name} cannot`);
    },
    async close() {
      log.push(`${name} closes`);
    },
  };
}

const handlers = { onDelivery: async () => undefined, onGatewayState: () => {} };

it('several intakes are one: each starts, closes in reverse, and says its state', async () => {
  const log: string[] = [];
  const both = together([intake('a', log), intake('b', log)]);
  await both.start(handlers);
  expect(both.state).toBe('a is open; b is open');
  await both.close();
  expect(log).toEqual(['a starts', 'b starts', 'b closes', 'a closes']);
});

it('an intake that cannot start takes the others down with it', async () => {
  const log: string[] = [];
  const both = together([intake('a', log), intake('b', log, true)]);
  await expect(both.start(handlers)).rejects.toThrow('b cannot');
  expect(log).toContain('a closes');
});

it('the figures of all intakes are added up by name', () => {
  expect(
    sumOf([
      { delivered: 2, held: 1 },
      { delivered: 3, connects: 1 },
    ]),
  ).toEqual({
    delivered: 5,
    held: 1,
    connects: 1,
  });
});

it('clouds that share the load have an id each, one alone has always the same, and a chosen one stays', () => {
  const random = seededRandom(1, 'ids');
  const shared = Array.from({ length: 50 }, () => mqttClientId({ shareGroup: 'clouds' }, random));
  expect(new Set(shared).size).toBe(50);
  expect(mqttClientId({}, random)).toBe('tallyport-cloud');
  expect(mqttClientId({ shareGroup: 'clouds', clientId: 'mine' }, random)).toBe('mine');
});
