/** Acks over a data plane that throttles, refuses and is slow; in virtual time. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Ack } from '../../../protocol/link/ack.ts';
import { seededRandom } from '../../../protocol/ports/random.ts';
import type { VirtualClock } from '../../../protocol/ports/virtual-clock.ts';
import { clockAt } from '../../../test/support/clock-at.ts';
import { AwsAcks, type AwsAcksOptions, DELIVERY_SHADOW, MAX_GATEWAYS_WAITING } from './aws-acks.ts';
import type { IotCalls } from './aws-clients.ts';

const named = (name: string) => Object.assign(new Error(name), { name });
const ack = (upTo: number, more: Partial<Ack> = {}): Ack => ({
  v: 1,
  gateway: 'dock-1',
  epoch: 'epoch-01',
  lane: 'stock',
  upTo,
  ...more,
});

/** A data plane that notes what it was asked, and fails as the test asks. */
class FakeIot implements IotCalls {
  readonly published: Ack[] = [];
  readonly direct: Ack[] = [];
  readonly shadows: { at: number; document: unknown }[] = [];
  fail: (call: 'publish' | 'direct' | 'shadow') => Error | undefined = () => undefined;
  gate: Promise<void> = Promise.resolve();
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  async publish(_topic: string, payload: string): Promise<void> {
    await this.gate;
    this.#refuse('publish');
    this.published.push(JSON.parse(payload));
  }

  async publishDirectly(_clientId: string, _topic: string, payload: string): Promise<void> {
    this.#refuse('direct');
    this.direct.push(JSON.parse(payload));
  }

  async updateShadow(_thing: string, shadow: string, document: object): Promise<number> {
    this.#refuse('shadow');
    expect(shadow).toBe(DELIVERY_SHADOW);
    this.shadows.push({ at: this.#clock.monotonicMs(), document });
    return this.shadows.length;
  }

  getShadow = async () => undefined;
  connectedSince = async () => undefined;
  close = () => {};

  #refuse(call: 'publish' | 'direct' | 'shadow'): void {
    const error = this.fail(call);
    if (error !== undefined) throw error;
  }
}

let clock: VirtualClock;
let iot: FakeIot;
let troubles: string[];
const open = (more: Partial<AwsAcksOptions> = {}) =>
  new AwsAcks({
    iot,
    clock,
    random: seededRandom(1, 'acks'),
    deliveryShadow: 'over-https',
    direct: false,
    onTrouble: (event) => troubles.push(event),
    ...more,
  });

beforeEach(() => {
  clock = clockAt(1_700_000_000_000);
  iot = new FakeIot(clock);
  troubles = [];
});

describe('acks over the data plane', () => {
  it('go out as they come, and merge per lane while one is under way', async () => {
    const acks = open();
    const { promise, resolve } = Promise.withResolvers<void>();
    iot.gate = promise;
    acks.send(ack(1), false);
    for (const upTo of [2, 3, 4]) acks.send(ack(upTo), false);
    acks.send(ack(9, { lane: 'health' }), false);
    resolve();
    await clock.settle();
    expect(iot.published.map(({ lane, upTo }) => [lane, upTo])).toEqual([
      ['stock', 1],
      ['stock', 4],
      ['health', 9],
    ]);
    expect(acks.counters).toMatchObject({ acksPublished: 3, acksMerged: 2, acksDropped: 0 });
    expect(iot.shadows).toEqual([]);
  });

  it('wait when throttled, longer each time, and arrive', async () => {
    const acks = open();
    let refusals = 3;
    iot.fail = () => (refusals-- > 0 ? named('ThrottlingException') : undefined);
    acks.send(ack(7), false);
    await clock.settle();
    expect(iot.published).toEqual([]);
    await clock.runFor(10_000);
    expect(iot.published).toMatchObject([{ upTo: 7 }]);
    expect(acks.counters.iotThrottled).toBe(3);
    expect(troubles).toEqual([]);
  });

  it('are dropped and reported when refused, or when nothing helps; the next one tries again', async () => {
    const acks = open();
    iot.fail = () => named('ForbiddenException');
    acks.send(ack(1), false);
    await clock.settle();
    expect(acks.counters.acksDropped).toBe(1);
    iot.fail = () => named('TimeoutError');
    acks.send(ack(2), false);
    await clock.runFor(120_000);
    expect(acks.counters.acksDropped).toBe(2);
    expect(troubles).toEqual(['ack-not-sent', 'ack-not-sent']);
    iot.fail = () => undefined;
    acks.send(ack(3), false);
    await clock.settle();
    expect(iot.published).toMatchObject([{ upTo: 3 }]);
  });

  it('go directly to the client where that is offered, else as a publish', async () => {
    const acks = open({ direct: true });
    acks.send(ack(1), false);
    await clock.settle();
    iot.fail = (call) => (call === 'direct' ? named('ResourceNotFoundException') : undefined);
    acks.send(ack(2), false);
    await clock.settle();
    let asked = 0;
    iot.fail = (call) => {
      if (call !== 'direct') return undefined;
      asked += 1;
      return named('MethodNotAllowedException');
    };
    acks.send(ack(3), false);
    await clock.settle();
    acks.send(ack(4), false);
    await clock.settle();
    expect(iot.direct.map(({ upTo }) => upTo)).toEqual([1]);
    expect(iot.published.map(({ upTo }) => upTo)).toEqual([2, 3, 4]);
    expect(asked).toBe(1);
  });

  it('of more gateways than it remembers are dropped, and counted', async () => {
    const acks = open();
    iot.gate = new Promise(() => {});
    for (let i = 0; i <= MAX_GATEWAYS_WAITING; i++) acks.send(ack(1, { gateway: `gw-${i}` }), false);
    expect(acks.counters.acksDropped).toBe(1);
  });

  it('stop at once when closed, also in the middle of a long wait', async () => {
    const acks = open();
    iot.fail = () => named('ThrottlingException');
    acks.send(ack(1), true);
    await clock.settle();
    await acks.close();
    acks.send(ack(2), true);
    await clock.runFor(60_000);
    expect(iot.published).toEqual([]);
    expect(clock.pendingTimers()).toEqual([]);
  });
});

describe('the delivery shadow', () => {
  const upTos = () =>
    iot.shadows.map(({ document }) => {
      const { state } = document as { state: { desired: { acks: Record<string, { upTo: number }> } } };
      return Object.entries(state.desired.acks).map(([lane, { upTo }]) => `${lane} ${upTo}`);
    });

  it('is written at once, then at most every two seconds with the newest of each lane', async () => {
    const acks = open();
    for (let i = 1; i <= 50; i++) {
      acks.send(ack(i), true);
      acks.send(ack(i * 10, { lane: 'condition' }), true);
      await clock.runFor(100);
    }
    await clock.runFor(5000);
    expect(iot.shadows.map(({ at }) => at)).toEqual([0, 2000, 4000, 6000]);
    expect(upTos()[0]).toEqual(['stock 1', 'condition 10']);
    expect(upTos().at(-1)).toEqual(['stock 50', 'condition 500']);
    expect(clock.pendingTimers()).toEqual([]);
  });

  it('says a refusal, and takes it back with the next good ack', async () => {
    const acks = open();
    acks.send(ack(3, { refused: { code: 'journal-forked', detail: 'copied' } }), true);
    await clock.runFor(0);
    acks.send(ack(4), true);
    await clock.runFor(2000);
    expect(iot.shadows.map(({ document }) => document)).toMatchObject([
      { state: { desired: { acks: { stock: { refused: { code: 'journal-forked' } } } } } },
      { state: { desired: { acks: { stock: { upTo: 4, refused: null } } } } },
    ]);
  });

  it.each([
    ['over-https', false, 0],
    ['over-https', true, 1],
    ['always', false, 1],
    ['never', true, 0],
  ] as const)('%s, batch over HTTPS %s: %i', async (deliveryShadow, overHttps, writes) => {
    const acks = open({ deliveryShadow });
    acks.send(ack(1), overHttps);
    await clock.runFor(0);
    expect(iot.shadows).toHaveLength(writes);
  });
});
