/** What every way to devices' messages must do: the gateway's own broker, and the gateway as a client of the site's. */
import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../../support/processes.ts';
import { closeAll, device, Listener, RIGS } from './rigs.ts';

afterEach(closeAll);

describe.each(RIGS.filter(({ found }) => found))('$name', (rig) => {
  async function open(filters: string[] = ['dock/#']) {
    const { port, url, start } = await rig.open();
    const listener = new Listener(port, filters);
    start();
    await listener.opened();
    return { port, listener, url };
  }

  test('what a device publishes comes once, in order, as live; nothing of others does', async () => {
    const { listener, url } = await open(['dock/+', 'door/#']);
    const sender = await device(url);
    await sender.publishAsync('elsewhere', 'x', { qos: 1 });
    for (const text of ['1', '2', '3']) await sender.publishAsync('dock/reads', text, { qos: 1 });
    await sender.publishAsync('door', 'kept', { qos: 1, retain: true });
    await sender.publishAsync('door/1', 'at most once', { qos: 0 });
    await listener.count(5);
    expect(listener.texts).toEqual(['1', '2', '3', 'kept', 'at most once']);
    expect(new Set(listener.origins)).toEqual(new Set(['live']));
  });

  test('one that could not be taken comes again, and what follows is not lost', async () => {
    const { listener, url } = await open();
    let refusals = 1;
    listener.take = () =>
      refusals-- > 0 ? Promise.reject(new Error('the disk is full')) : Promise.resolve();
    const sender = await device(url, { clean: false, clientId: 'reader-1', reconnectPeriod: 10 });
    await Promise.all(['1', '2'].map((text) => sender.publishAsync('dock/reads', text, { qos: 1 })));
    await until(
      'both',
      () => listener.texts.includes('2') && listener.texts.filter((one) => one === '1').length === 2,
    );
  });

  test('nothing is called after the end of a subscription', async () => {
    const { port, listener, url } = await open();
    const other = new Listener(port, ['door/#']);
    await other.opened();
    listener.end();
    const sender = await device(url);
    await sender.publishAsync('dock/reads', 'unheard', { qos: 1 });
    await sender.publishAsync('door/1', 'heard', { qos: 1 });
    await other.count(1);
    expect(listener.texts).toEqual([]);
  });

  test.each([0, 1, 2] as const)('a message for a device arrives at QoS %i', async (qos) => {
    const { port, url } = await open();
    const receiver = await device(url);
    const received: string[] = [];
    receiver.on('message', (topic, payload, packet) =>
      received.push(`${topic} ${payload} ${packet.qos} ${packet.retain}`),
    );
    await receiver.subscribeAsync('cmd/#', { qos: 2 });
    await port.publish({ topic: 'cmd/start', payload: Buffer.from('go'), qos, retain: false });
    await until('it', () => received.length > 0);
    expect(received).toEqual([`cmd/start go ${qos} false`]);
  });
});
