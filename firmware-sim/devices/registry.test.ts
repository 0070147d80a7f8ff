/** Every kind of simulated device, held to the contract of device-kind.ts by the example in its README. */
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { isTopicFilter } from '../../protocol/link/topic-filter.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { breakablesOf, DeviceBench } from './bench.fixture.ts';
import type { DeviceKind } from './device-kind.ts';
import { type DevicePlan, devicePlanSchema, gatewayEntryOf } from './device-plan.ts';
import type { DeviceHandles } from './handles.ts';
import { readmeExample, readmeOf } from './readme-example.fixture.ts';
import { DEVICE_KINDS, deviceKindOf } from './registry.ts';
import type { Talk, TalkTo } from './talk.fixture.ts';

const here = new URL('./', import.meta.url).pathname;
const planOf = (kind: DeviceKind): DevicePlan => devicePlanSchema.parse(readmeExample(kind));

async function talkFor(kind: DeviceKind): Promise<Talk> {
  const fixture = (await import(`./${kind.model}/talk.fixture.ts`)) as { talkTo: TalkTo };
  return fixture.talkTo(planOf(kind));
}

function say(bench: DeviceBench, { bytes = [], messages = [] }: Talk): void {
  for (const chunk of bytes) bench.bring(chunk);
  for (const message of messages) bench.publish(message);
}

const handlesThere = (handles: DeviceHandles) => Object.keys(handles).toSorted();

test('each kind has a folder of its name, and each folder but `shared` is a kind', () => {
  const folders = readdirSync(here, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const names = folders.map(({ name }) => name).filter((name) => name !== 'shared');
  expect(names.toSorted()).toEqual(DEVICE_KINDS.map(({ model }) => model).toSorted());
});

test('a model that no kind has is refused with the ones there are', () => {
  const result = devicePlanSchema.safeParse({ id: 'x', model: 'toString' });
  expect(result.error?.issues).toMatchObject([{ path: ['model'] }]);
  for (const { model } of DEVICE_KINDS) expect(result.error?.issues[0]?.message).toContain(`"${model}"`);
  expect(() => deviceKindOf({ model: 'toString' })).toThrow(RangeError);
});

describe.each(DEVICE_KINDS)('$model', (kind) => {
  const plan = planOf(kind);
  const faults = { ...kind.probeFaults, ...kind.deviceFaults };

  test('its README names it, its driver, every option, handle and fault', () => {
    const text = readmeOf(kind);
    expect(text.startsWith(`# ${kind.model}\n`)).toBe(true);
    const { options } = kind;
    if (!(options instanceof z.ZodObject)) throw new Error('options are an object');
    for (const word of [
      kind.driver,
      ...Object.keys(options.shape),
      ...kind.handles,
      ...Object.keys(faults),
    ]) {
      expect(text).toContain(`\`${word}\``);
    }
  });

  test('knows no other options than its own, and says where', () => {
    const raw = readmeExample(kind);
    const typo = { ...raw, options: { ...raw.options, nonsense: 1 } };
    expect(devicePlanSchema.safeParse(typo).error?.issues).toMatchObject([
      { code: 'unrecognized_keys', keys: ['nonsense'], path: ['options'] },
    ]);
    expect(devicePlanSchema.safeParse({ ...raw, nonsense: 1 }).success).toBe(false);
  });

  test('its entry in gateway.yaml has its driver, and what the scenario says comes last', () => {
    expect(gatewayEntryOf(plan, 'tcp://h:1')).toEqual({
      id: plan.id,
      driver: kind.driver,
      address: 'tcp://h:1',
      options: { ...kind.driverOptions(plan.options), ...plan.driver },
    });
    const [key = 'key'] = Object.keys(kind.driverOptions(plan.options));
    const entry = gatewayEntryOf({ ...plan, driver: { [key]: 'mine' } });
    expect(entry.options[key]).toBe('mine');
    expect(entry).not.toHaveProperty('address');
  });

  test('has the handles it lists, and hangs on the gateway as it says', () => {
    const unit = kind.create(plan.options, {
      random: seededRandom(1, 'device'),
      now: () => 0,
      changed: () => {},
    });
    expect(handlesThere(unit.handles)).toEqual([...kind.handles].toSorted());
    expect(unit.devices.length).toBeGreaterThan(0);
    if (kind.attachment !== 'broker') expect(unit.devices).toHaveLength(1);
    for (const device of unit.devices) {
      expect(device.transport).toBe(kind.attachment === 'broker' ? 'messages' : 'bytes');
      if (device.transport === 'messages') expect(device.subscriptions.every(isTopicFilter)).toBe(true);
    }
  });

  /** Connected, spoken to, in a world where something is. */
  async function atWork(seed = 1): Promise<DeviceBench> {
    const bench = new DeviceBench(plan, seed);
    bench.connect();
    bench.moveAll(4_003);
    bench.pass(2_000);
    say(bench, await talkFor(kind));
    bench.pass(5_000);
    return bench;
  }

  test('every fault can be seen on its line or its broker, and mended; another is refused', async () => {
    const talk = await talkFor(kind);
    const untouched = await atWork();
    for (const [index, { what, part }] of breakablesOf(untouched.handles).entries()) {
      expect(part.faults).toBe(what === 'device' ? kind.deviceFaults : kind.probeFaults);
      expect(() => part.setFault('toString')).toThrow(RangeError);
      for (const fault of [undefined, ...Object.keys(part.faults)]) {
        const [bench, whole] = [await atWork(), await atWork()];
        breakablesOf(bench.handles)[index]?.part.setFault(fault);
        for (const one of [bench, whole]) {
          one.pass(20_000);
          say(one, talk);
          one.pass(20_000);
        }
        if (fault === undefined) expect(bench.said).toEqual(whole.said);
        else expect(bench.said, `${what}: ${fault}`).not.toEqual(whole.said);
        breakablesOf(bench.handles)[index]?.part.setFault(undefined);
        const before = bench.said.length;
        bench.moveAll(9_001);
        say(bench, talk);
        bench.pass(20_000);
        expect(bench.said.length, `${what}: ${fault}, mended`).toBeGreaterThan(before);
      }
    }
  });

  test('what is said to it in pieces is answered like the whole', async () => {
    const { bytes = [] } = await talkFor(kind);
    const whole = Buffer.concat(bytes);
    const answer = (chunks: readonly Uint8Array[]) => {
      const bench = new DeviceBench(plan);
      bench.connect();
      bench.moveAll(4_003);
      for (const chunk of chunks) bench.bring(chunk);
      bench.pass(1_000);
      return bench.bytes;
    };
    const expected = answer(bytes);
    if (bytes.length > 0) expect(expected.length).toBeGreaterThan(0);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 30 }), (sizes) => {
        const chunks: Uint8Array[] = [];
        let at = 0;
        for (const size of sizes) {
          chunks.push(whole.subarray(at, at + size));
          at += size;
        }
        expect(answer([...chunks, whole.subarray(at)])).toBe(expected);
      }),
      { numRuns: 30 },
    );
  });

  /** What a world, a gateway and a noisy line may do to it, in any order. */
  const stepsOf = ({ bytes = [], messages = [] }: Talk) => {
    const noise = fc.uint8Array({ maxLength: 60 });
    const chunk = bytes.length === 0 ? noise : fc.oneof(noise, fc.constantFrom(...bytes));
    const cut = fc.tuple(chunk, fc.nat(60)).map(([one, length]) => one.subarray(0, length));
    const topics = messages.map(({ topic }) => topic);
    const payload = fc.oneof(
      noise,
      fc.json().map((text) => new TextEncoder().encode(text)),
      fc.constantFrom('{"temperature":""}', '{"__proto__":1}', '[]').map((text) => Buffer.from(text)),
    );
    const foreign = fc.record({
      topic: topics.length === 0 ? fc.string() : fc.constantFrom(...topics),
      payload,
      retained: fc.boolean(),
    });
    const step = fc.oneof(
      fc.tuple(fc.constant('bring' as const), fc.oneof(chunk, cut)),
      fc.tuple(
        fc.constant('publish' as const),
        messages.length === 0 ? foreign : fc.oneof(foreign, fc.constantFrom(...messages)),
      ),
      fc.tuple(fc.constant('move' as const), fc.tuple(fc.nat(40), fc.nat(20_000))),
      fc.tuple(fc.constant('pass' as const), fc.nat(15_000)),
      fc.constantFrom(['connect'] as const, ['disconnect'] as const),
    );
    return fc.array(step, { maxLength: 25 });
  };
  type Steps = ReturnType<typeof stepsOf> extends fc.Arbitrary<infer T> ? T : never;

  function play(steps: Steps, seed: number): DeviceBench {
    const bench = new DeviceBench(plan, seed);
    bench.connect();
    for (const step of steps) {
      if (step[0] === 'bring') bench.bring(step[1]);
      else if (step[0] === 'publish') bench.publish(step[1]);
      else if (step[0] === 'move') bench.move(...step[1]);
      else if (step[0] === 'pass') bench.pass(step[1]);
      else bench[step[0]]();
    }
    bench.pass(1_000);
    return bench;
  }

  test('whatever comes, it does not throw nor spin, and one seed says the same twice', async () => {
    const talk = await talkFor(kind);
    fc.assert(
      fc.property(stepsOf(talk), fc.nat(1_000), (steps, seed) => {
        expect(play(steps, seed).said).toEqual(play(steps, seed).said);
      }),
      { numRuns: 60 },
    );
  });

  test('after any noise on a line it answers a new client', async () => {
    const talk = await talkFor(kind);
    fc.assert(
      fc.property(stepsOf(talk), (steps) => {
        const bench = play(steps, 1);
        for (const { part } of breakablesOf(bench.handles)) part.setFault(undefined);
        bench.disconnect();
        bench.connect();
        bench.moveAll(6_001);
        const before = bench.said.length;
        say(bench, talk);
        bench.pass(30_000);
        expect(bench.said.length).toBeGreaterThan(before);
      }),
      { numRuns: 30 },
    );
  });
});
