import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../protocol/ports/random.ts';
import { clockAt } from '../../test/support/clock-at.ts';
import {
  type CertificateLife,
  FIRST_RETRY_MS,
  type IdentityEvent,
  keepIdentity,
  LOOK_EVERY_MS,
} from './identity-keeper.ts';

const START = Date.UTC(2026, 5, 1);
const DAY = 86_400_000;

function rig(options: { life?: CertificateLife | undefined; fails?: () => boolean; renews?: boolean } = {}) {
  const clock = clockAt(START);
  let life = 'life' in options ? options.life : { notBefore: START, notAfter: START + 90 * DAY };
  const renewedAt: number[] = [];
  const events: (IdentityEvent & { at: number })[] = [];
  const renew = async () => {
    if (options.fails?.() === true) throw new Error('the cloud cannot be reached');
    renewedAt.push(clock.now());
    life = { notBefore: clock.now(), notAfter: clock.now() + 90 * DAY };
  };
  const keeper = keepIdentity({
    clock,
    random: seededRandom(1, 'identity'),
    read: () => life,
    renew: options.renews === false ? undefined : renew,
    onEvent: (event) => events.push({ ...event, at: clock.now() }),
  });
  return { clock, keeper, renewedAt, events };
}

describe('the keeper of an identity', () => {
  it('renews after two thirds of the life of each certificate, a little earlier by chance', async () => {
    const { clock, keeper, renewedAt, events } = rig();
    await clock.runFor(200 * DAY);
    expect(renewedAt.length).toBeGreaterThanOrEqual(3);
    for (const [index, at] of renewedAt.entries()) {
      const life = at - (renewedAt[index - 1] ?? START);
      expect(life).toBeGreaterThanOrEqual(90 * DAY * (2 / 3 - 0.05));
      expect(life).toBeLessThanOrEqual(60 * DAY + LOOK_EVERY_MS * 1.5);
    }
    expect(events.every(({ event }) => event === 'renewed')).toBe(true);
    await keeper.stop();
    expect(clock.pendingTimers()).toEqual([]);
  });

  it('tries again with growing pauses, never more than an hour and a half apart, until it works', async () => {
    const down = { until: START + 65 * DAY };
    const { clock, keeper, renewedAt, events } = rig({ fails: () => clock.now() < down.until });
    await clock.runFor(64 * DAY);
    const failures = events.filter(({ event }) => event === 'renewal-failed').map(({ at }) => at);
    const pauses = failures.slice(1).map((at, index) => at - (failures[index] ?? 0));
    expect(pauses[0]).toBeGreaterThanOrEqual(FIRST_RETRY_MS);
    expect(pauses[0]).toBeLessThanOrEqual(FIRST_RETRY_MS * 1.5);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(LOOK_EVERY_MS * 1.5);
    expect(failures.length).toBeLessThan(8 * 24);
    expect(keeper.status().problem).toBe('the cloud cannot be reached');
    await clock.runFor(3 * DAY);
    expect(renewedAt).toHaveLength(1);
    expect(keeper.status().problem).toBeUndefined();
    await keeper.stop();
  });

  it('warns once a day from fourteen days before the end, also where nothing can be renewed', async () => {
    const { clock, keeper, events } = rig({ renews: false });
    await clock.runFor(75 * DAY);
    expect(events).toEqual([]);
    await clock.runFor(4 * DAY);
    const warned = events.map(({ event, at }) => [event, Math.floor((at - START) / DAY)]);
    expect(warned.length).toBeGreaterThanOrEqual(3);
    expect(new Set(warned.map(([, day]) => day)).size).toBe(warned.length);
    expect(keeper.status()).toMatchObject({
      certificateExpiresAt: START + 90 * DAY,
      renewalDueAt: undefined,
    });
    await keeper.stop();
  });

  it('has nothing to do without a certificate, and outlives a folder that cannot be read', async () => {
    const { clock, keeper, events } = rig({ life: undefined });
    await clock.runFor(30 * DAY);
    expect(events).toEqual([]);
    expect(keeper.status()).toEqual({
      certificateExpiresAt: undefined,
      renewalDueAt: undefined,
      problem: undefined,
    });
    await keeper.stop();
    const broken = keepIdentity({
      clock,
      random: seededRandom(1, 'identity'),
      read: () => {
        throw new Error('identity.json is damaged');
      },
      renew: undefined,
      onEvent: () => {},
    });
    await clock.runFor(DAY);
    expect(broken.status().problem).toBe('identity.json is damaged');
    await broken.stop();
  });
});
