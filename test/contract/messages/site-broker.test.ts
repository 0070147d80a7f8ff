/** The gateway as a client of Mosquitto: what is old is known as old, nothing is lost, nothing is taken twice. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { JournalFolder } from '../../../gateway/journal/worker/journal.fixture.ts';
import { mosquittoFound } from '../../support/engines.ts';
import { freePort, until } from '../../support/processes.ts';
import { cutter } from './cutter.ts';
import { closeAll, device, Listener, mosquitto, siteBroker, startAedes } from './rigs.ts';

const DYNAMIC_SECURITY = '/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so';
const VERSIONS = [4, 5] as const;

afterEach(closeAll);

async function publishAll(url: string, texts: readonly string[], retain = false): Promise<void> {
  const sender = await device(url);
  for (const text of texts) await sender.publishAsync('dock/reads', text, { qos: 1, retain });
}

describe.runIf(mosquittoFound).each(VERSIONS)('Mosquitto, protocol version %i', (protocolVersion) => {
  const connected = async (url: string, more: Parameters<typeof siteBroker>[1] = {}) => {
    const broker = siteBroker(url, { protocolVersion, ...more });
    const listener = new Listener(broker, ['dock/#']);
    broker.start();
    await listener.opened();
    return { broker, listener };
  };
  test('what the broker had kept is retained; the next of the same topic is live', async () => {
    const { url } = await mosquitto();
    await publishAll(url, ['old'], true);
    const { listener } = await connected(url);
    await listener.count(1);
    await publishAll(url, ['new'], true);
    await listener.count(2);
    expect(listener.origins).toEqual(['retained', 'live']);
  });

  test('what was published while the gateway was away comes as not live, what follows as live', async () => {
    const { url } = await mosquitto();
    const first = await connected(url);
    await first.broker.close();
    const missed = Array.from({ length: 50 }, (_, index) => `missed ${index}`);
    await publishAll(url, missed);
    const { broker, listener } = await connected(url);
    await listener.count(50);
    // MQTT 5 knows at once; 3.1.1 when a ping has found the queue empty.
    let extra = 0;
    await until('a live one', async () => {
      await publishAll(url, [`after ${extra++}`]);
      return listener.origins.includes('live');
    });
    expect(listener.texts.slice(0, 50)).toEqual(missed);
    expect(listener.origins.slice(0, 50).filter((origin) => origin === 'live')).toEqual([]);
    if (protocolVersion === 5) {
      expect(new Set(listener.origins.slice(0, 50))).toEqual(new Set(['replayed']));
      expect(listener.origins[50]).toBe('live');
    }
    expect(broker.status().state).toContain('session taken up again');
  });

  test('with a clean session nothing is held, and everything but retained ones is live', async () => {
    const { url } = await mosquitto();
    const first = await connected(url, { sessionExpirySeconds: undefined });
    await first.broker.close();
    await publishAll(url, ['missed']);
    const { listener } = await connected(url, { sessionExpirySeconds: undefined });
    await publishAll(url, ['heard']);
    await listener.count(1);
    expect([listener.texts, listener.origins]).toEqual([['heard'], ['live']]);
  });

  test('a link cut before the answer: what was taken or is being taken is not taken again', async () => {
    const { url } = await mosquitto();
    const link = await cutter(url);
    const broker = siteBroker(link.url, { protocolVersion });
    const listener = new Listener(broker, ['dock/#']);
    broker.start();
    await listener.opened();
    const held = Promise.withResolvers<void>();
    listener.take = ({ payload }) =>
      Buffer.from(payload).toString() === 'held' ? held.promise : Promise.resolve();
    link.swallow();
    await publishAll(url, ['taken', 'held']);
    await listener.count(2);
    link.cut();
    await until('both to come again', () => broker.status().counters.replayed === 2);
    // Still under way: the second coming waits for the first.
    held.resolve();
    await publishAll(url, ['next']);
    await until('the next', () => listener.texts.includes('next'));
    expect(listener.texts).toEqual(['taken', 'held', 'next']);
    expect(broker.status().counters.repeated).toBe(2);
  });

  test('a message that the journal refused comes again as replayed', async () => {
    const { url } = await mosquitto();
    const { listener } = await connected(url);
    let refusals = 2;
    listener.take = () => (refusals-- > 0 ? Promise.reject(new Error('full')) : Promise.resolve());
    await publishAll(url, ['precious']);
    await listener.count(3);
    expect(listener.origins).toEqual(['live', 'replayed', 'replayed']);
    expect(listener.log.some((line) => line.includes('could not be taken: full'))).toBe(true);
  });

  test('a broker that is killed and comes back is used again', async () => {
    const engine = await mosquitto();
    const { broker, listener } = await connected(engine.url);
    await engine.kill();
    await until('the loss', () => !listener.isOpen);
    await expect(
      broker.publish({ topic: 'cmd/x', payload: Buffer.from('x'), qos: 1, retain: false }),
    ).rejects.toThrow(/not connected/);
    await engine.restart();
    await listener.opened();
    await publishAll(engine.url, ['again']);
    await listener.count(1);
    expect(broker.status().counters.reconnects).toBe(1);
  });

  test('no more are under way than the limit, however many the broker has', async () => {
    const { url } = await mosquitto({ settings: ['max_inflight_messages 0', 'max_queued_messages 0'] });
    const limits = { maxUnderWay: 5 };
    const broker = siteBroker(url, { protocolVersion, limits });
    const listener = new Listener(broker, ['dock/#']);
    const waiting: (() => void)[] = [];
    let most = 0;
    listener.take = () =>
      new Promise<void>((resolve) => {
        waiting.push(resolve);
        most = Math.max(most, waiting.length);
      });
    broker.start();
    await listener.opened();
    const texts = Array.from({ length: 40 }, (_, index) => String(index));
    await publishAll(url, texts);
    await until('all', () => {
      waiting.shift()?.();
      return listener.heard.length === 40 && waiting.length === 0;
    });
    expect(most).toBeLessThanOrEqual(5);
    expect(listener.texts).toEqual(texts);
  });

  test('an oversized message is dropped and acknowledged; those behind it come', async () => {
    const { url } = await mosquitto();
    const limits = { maxPayloadBytes: 1_000, maxPacketBytes: 10_000 };
    const { broker, listener } = await connected(url, { limits });
    await publishAll(url, ['x'.repeat(2_000), 'y'.repeat(200_000), 'good']);
    await listener.count(1);
    expect(listener.texts).toEqual(['good']);
    // A broker of MQTT 5 does not even send what is over the maximum packet size.
    expect(broker.status().counters).toMatchObject({
      oversized: protocolVersion === 5 ? 1 : 2,
      reconnects: 0,
    });
  });

  test('over websockets the same, oversized messages too', async () => {
    const port = await freePort();
    const { url } = await mosquitto({ settings: [`listener ${port} 127.0.0.1`, 'protocol websockets'] });
    const limits = { maxPayloadBytes: 1_000, maxPacketBytes: 10_000 };
    const { listener } = await connected(`ws://127.0.0.1:${port}`, { limits });
    await publishAll(url, ['y'.repeat(200_000), 'good']);
    await listener.count(1);
    expect(listener.texts).toEqual(['good']);
  });

  test('at QoS 0 messages come too, and the state says what that means', async () => {
    const { url } = await mosquitto();
    const { broker, listener } = await connected(url, { qos: 0 });
    await publishAll(url, ['heard']);
    await listener.count(1);
    expect(broker.status().state).toContain('QoS 0: messages may be lost');
  });

  test('two clients of one id end each other, and it is said', async () => {
    const { url } = await mosquitto();
    const { listener } = await connected(url);
    await until('the words', async () => {
      await device(url, { clientId: 'gw-1-hall', protocolVersion: 4 });
      await until('the loss or its mending', () => listener.isOpen);
      return listener.log.some((line) => /another client seems to use the client id "gw-1-hall"/.test(line));
    });
  });

  test('two brokers: one that is not there does not stop the other', async () => {
    const { url } = await mosquitto();
    const absent = siteBroker('mqtt://127.0.0.1:1', { protocolVersion });
    const unheard = new Listener(absent, ['dock/#']);
    absent.start();
    const { listener } = await connected(url);
    await publishAll(url, ['heard']);
    await listener.count(1);
    await until('the reason', () => unheard.log.length > 0);
    expect(unheard.log[0]).toContain('connection refused');
  });

  test.runIf(existsSync(DYNAMIC_SECURITY))('a refused subscription closes that device alone', async () => {
    using folder = new JournalFolder();
    const file = join(folder.path, 'security.json');
    const allowed = { acltype: 'subscribePattern', topic: 'dock/#', priority: 0, allow: true };
    writeFileSync(
      file,
      JSON.stringify({
        defaultACLAccess: {
          publishClientSend: true,
          publishClientReceive: true,
          subscribe: false,
          unsubscribe: true,
        },
        anonymousGroup: 'all',
        groups: [{ groupname: 'all', roles: [{ rolename: 'dock' }] }],
        roles: [{ rolename: 'dock', acls: [allowed] }],
      }),
      { mode: 0o644 },
    );
    const { url } = await mosquitto({
      settings: [`plugin ${DYNAMIC_SECURITY}`, `plugin_opt_config_file ${file}`],
    });
    const broker = siteBroker(url, { protocolVersion });
    const refused = new Listener(broker, ['office/#']);
    const granted = new Listener(broker, ['dock/#']);
    broker.start();
    await granted.opened();
    await until('the refusal', () => refused.log.length > 0);
    expect(refused.log[0]).toMatch(
      /closed: the broker refuses office\/#: (not authorized|the broker gives no)/,
    );
    expect(granted.log).toEqual(['open']);
  });
});

test('a subscription that an aedes refuses is said, and the device is not open', async () => {
  const url = await startAedes({
    authorizeSubscribe: (_client, subscription, done) =>
      done(null, subscription.topic.startsWith('office') ? null : subscription),
  });
  const broker = siteBroker(url);
  const refused = new Listener(broker, ['office/#']);
  const granted = new Listener(broker, ['dock/#']);
  broker.start();
  await granted.opened();
  expect(refused.log).toEqual(['closed: the broker refuses office/#: the broker gives no reason']);
});

test('a broker that breaks the connection over a subscription: that one waits, the others go on', async () => {
  const url = await startAedes({
    authorizeSubscribe: (client, subscription, done) => {
      if (subscription.topic.startsWith('office')) client?.close();
      else done(null, subscription);
    },
  });
  const broker = siteBroker(url);
  const bad = new Listener(broker, ['office/#']);
  const good = new Listener(broker, ['dock/#']);
  broker.start();
  await good.opened();
  expect(bad.log.at(-1)).toContain('breaks the connection when asked for office/#');
});

test('MQTT 5 falls back to 3.1.1 at a broker that does not speak it', async () => {
  const broker = siteBroker(await startAedes(), { protocolVersion: 5 });
  const listener = new Listener(broker, ['dock/#']);
  broker.start();
  await listener.opened();
  expect(broker.status().state).toContain('MQTT 3.1.1');
});

test('wrong credentials are said in words', async () => {
  const url = await startAedes({
    authenticate: (_client, _user, _password, done) =>
      done(Object.assign(new Error('no'), { returnCode: 4 as const }), false),
  });
  const broker = siteBroker(url, { username: 'gw', password: 'wrong' });
  const listener = new Listener(broker, ['dock/#']);
  broker.start();
  await until('the words', () => listener.log.includes('closed: bad user name or password'));
  expect(broker.status().connected).toBe(false);
});
