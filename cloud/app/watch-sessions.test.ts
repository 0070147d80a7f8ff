import { beforeEach, describe, expect, it } from 'vitest';
import type { VirtualClock } from '../../protocol/ports/virtual-clock.ts';
import { clockAt } from '../../test/support/clock-at.ts';
import { databases } from '../../test/support/databases.ts';
import { hashToken } from '../enrolment/tokens.ts';
import { addGateway, revokeGateway } from '../fleet/gateway-registry.ts';
import type { Store } from '../store/database.ts';
import { type BrokerSessions, SESSION_CHECK_MS, watchSessions } from './watch-sessions.ts';

const START = Date.UTC(2026, 5, 1);

/** The sessions of one cloud process. */
function brokerOf(...signedIn: [gateway: string, token: string][]) {
  const sessions = new Map(signedIn.map(([gateway, token]) => [gateway, hashToken(token)]));
  const broker: BrokerSessions = {
    sessions: () => [...sessions].map(([gateway, tokenHash]) => ({ gateway, tokenHash })),
    drop: (gateway) => sessions.delete(gateway),
  };
  return { broker, sessions };
}

describe.each(databases())('sessions of several clouds on one $name', ({ open }) => {
  let store: Store;
  let clock: VirtualClock;
  const errors: unknown[] = [];
  const tokens = new Map<string, string>();

  beforeEach(async () => {
    store = await open();
    clock = clockAt(START);
    for (const id of ['gw-1', 'gw-2']) {
      tokens.set(id, (await addGateway(store.db, id, () => `secret of ${id}`, START)) ?? '');
    }
    errors.length = 0;
    return () => store.close();
  });
  const watch = (broker: BrokerSessions) =>
    watchSessions({ db: store.db, clock, broker, onError: (error) => errors.push(error) });

  it('end within the promised time of a revocation anywhere, and no other with it', async () => {
    const clouds = [
      brokerOf(['gw-1', 'secret of gw-1'], ['gw-2', 'secret of gw-2']),
      brokerOf(['gw-1', 'secret of gw-1']),
    ];
    const watches = clouds.map(({ broker }) => watch(broker));
    await clock.runFor(10 * SESSION_CHECK_MS + 700);
    expect(clouds.map(({ sessions }) => [...sessions.keys()])).toEqual([['gw-1', 'gw-2'], ['gw-1']]);
    await revokeGateway(store.db, 'gw-1', clock.now());
    await clock.runFor(SESSION_CHECK_MS);
    expect(clouds.map(({ sessions }) => [...sessions.keys()])).toEqual([['gw-2'], []]);
    for (const one of watches) await one.stop();
    expect(errors).toEqual([]);
    expect(clock.pendingTimers()).toEqual([]);
  });

  it('goes on after a database that could not answer', async () => {
    const { broker, sessions } = brokerOf(['gw-1', 'secret of gw-1']);
    let broken = true;
    const failing = new Proxy(store.db, {
      get(target, name) {
        if (broken && name === 'selectFrom') throw new Error('the database is away');
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const one = watchSessions({ db: failing, clock, broker, onError: (error) => errors.push(error) });
    await revokeGateway(store.db, 'gw-1', clock.now());
    await clock.runFor(SESSION_CHECK_MS);
    expect([errors.length, sessions.size]).toEqual([1, 1]);
    broken = false;
    await clock.runFor(SESSION_CHECK_MS);
    expect(sessions.size).toBe(0);
    await one.stop();
  });
});
