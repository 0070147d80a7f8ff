import { expect, it } from 'vitest';
import { seededRandom } from '../../protocol/ports/random.ts';
import { clockAt } from '../../test/support/clock-at.ts';
import { BrokerLink } from './broker-link.ts';

function link() {
  const clock = clockAt(0);
  const seen = { attempts: 0, connected: 0, troubles: [] as string[] };
  const broker = new BrokerLink(
    {
      url: 'mqtt://broker',
      clock,
      random: seededRandom(1, 'link'),
      onConnected: () => seen.connected++,
      onTrouble: (event) => seen.troubles.push(event),
    },
    () => seen.attempts++,
  );
  return { broker, clock, seen };
}

it('dials again by itself with growing pauses, and counts only what had been connected as lost', async () => {
  const { broker, clock, seen } = link();
  broker.dial();
  for (let n = 0; n < 5; n++) {
    broker.down('refused');
    await clock.runFor(30_000);
  }
  expect(seen.attempts).toBe(6);
  expect(broker.counters).toMatchObject({ connects: 0, disconnects: 0 });
  broker.up('MQTT 5');
  expect(broker.state).toBe('connected to mqtt://broker (MQTT 5)');
  broker.down('gone');
  expect(broker.counters).toMatchObject({ connects: 1, disconnects: 1 });
  expect(broker.state).toMatch(/^waiting 1 s for mqtt:\/\/broker: gone$/);
});

it('stays closed, whatever a connection that was under way still reports', async () => {
  const { broker, clock, seen } = link();
  broker.dial();
  broker.close();
  broker.up('MQTT 5');
  broker.down('too late');
  await clock.runFor(60_000);
  expect(broker.state).toBe('closed');
  expect(broker.connected).toBe(false);
  expect(seen).toEqual({ attempts: 1, connected: 0, troubles: [] });
});
