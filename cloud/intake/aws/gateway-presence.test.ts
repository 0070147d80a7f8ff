/** Words about gateways that come shuffled, twice, and through several clouds. */
import { beforeEach, expect, it } from 'vitest';
import { VirtualClock } from '../../../protocol/ports/virtual-clock.ts';
import type { IotCalls } from './aws-clients.ts';
import { GatewayPresence, MAX_GATEWAYS_REMEMBERED, NOTIFY_AGAIN_MS } from './gateway-presence.ts';

let clock: VirtualClock;
let reported: string[];
let since: () => Promise<number | undefined>;
let presence: GatewayPresence;

beforeEach(() => {
  clock = new VirtualClock({ startAt: 100_000, flush: () => Promise.resolve() });
  reported = [];
  since = async () => undefined;
  const nothing = async () => {};
  const iot: IotCalls = {
    publish: nothing,
    publishDirectly: nothing,
    updateShadow: async () => 0,
    getShadow: async () => undefined,
    connectedSince: () => since(),
    close: () => {},
  };
  presence = new GatewayPresence(iot, clock, (gateway, state) => reported.push(`${gateway} ${state}`));
});

it('only what is newer than the last word counts', async () => {
  await presence.onState('dock-1', 'online', 20);
  await presence.onState('dock-1', 'offline', 10);
  await presence.onState('dock-2', 'offline', 5);
  await presence.onState('dock-1', 'offline', 30);
  expect(reported).toEqual(['dock-1 online', 'dock-2 offline', 'dock-1 offline']);
});

it('a farewell of an older connection than the one that stands is not believed', async () => {
  since = async () => 31;
  await presence.onState('dock-1', 'offline', 30);
  since = async () => 29;
  await presence.onState('dock-1', 'offline', 40);
  since = () => Promise.reject(new Error('not allowed to ask'));
  await presence.onState('dock-2', 'offline', 40);
  expect(reported).toEqual(['dock-1 offline', 'dock-2 offline']);
});

it('a gateway that is only heard over HTTPS is reported online, and again after a while', async () => {
  presence.heard('dock-1');
  presence.heard('dock-1');
  await clock.runFor(NOTIFY_AGAIN_MS);
  presence.heard('dock-1');
  expect(reported).toEqual(['dock-1 online', 'dock-1 online']);
});

it('remembers a bounded number of gateways', async () => {
  await presence.onState('dock-1', 'online', 20);
  for (let i = 0; i < MAX_GATEWAYS_REMEMBERED; i++) presence.heard(`gw-${i}`);
  reported = [];
  await presence.onState('dock-1', 'online', 10);
  expect(reported).toEqual(['dock-1 online']);
});
