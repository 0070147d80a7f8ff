/** Simulated devices as clients of the gateway's broker, in process and over MQTT: they publish, and they hear. */
import { connectAsync } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { openDeviceBroker } from '../../gateway/transports/device-broker.ts';
import { createDeviceMessageHub, type MessageHandlers } from '../../gateway/transports/device-messages.ts';
import { VirtualClock } from '../../protocol/ports/virtual-clock.ts';
import { type DeviceOutput, type MessageDevice, type ReceivedMessage, SILENT } from '../devices/device.ts';
import { connectInMemory, connectToBroker } from './broker-clients.ts';
import { hostDevice } from './device-host.ts';
import { createTrace, type TraceEntry } from './trace.ts';

const START = Date.UTC(2026, 2, 2, 6);
const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (payload: Uint8Array) => new TextDecoder().decode(payload);

/** A reader that has to be started by a publish, and answers each command. */
class CommandedReader implements MessageDevice {
  readonly transport = 'messages';
  readonly subscriptions = ['r1/control/+'];
  readonly heard: ReceivedMessage[] = [];
  #started = false;
  #nextAt: number | undefined;

  onMessage(message: ReceivedMessage, now: number): DeviceOutput {
    this.heard.push(message);
    this.#started = message.topic === 'r1/control/start';
    this.#nextAt = this.#started ? now + 1_000 : undefined;
    return this.#say('r1/response', this.#started ? 'started' : 'stopped');
  }

  onTick(now: number): DeviceOutput {
    if (this.#nextAt === undefined || now < this.#nextAt) return SILENT;
    this.#nextAt = now + 1_000;
    return this.#say('r1/tags', '{"epc":"3074257bf7194e4000001a85"}');
  }

  nextTickAt(): number | undefined {
    return this.#nextAt;
  }

  #say(topic: string, text: string): DeviceOutput {
    return { send: [], publish: [{ topic, payload: bytes(text) }] };
  }
}

const hears = (onMessage: MessageHandlers['onMessage']): MessageHandlers => ({
  onOpen: () => {},
  onMessage,
  onClose: () => {},
});

describe('in process', () => {
  function start() {
    const clock = new VirtualClock({ startAt: START, flush: () => Promise.resolve() });
    const entries: TraceEntry[] = [];
    const trace = createTrace((entry) => void entries.push(entry));
    const broker = createDeviceMessageHub('memory:broker');
    const reader = new CommandedReader();
    const host = hostDevice('reader', reader, clock);
    const heard: string[] = [];
    broker.subscribe(
      ['r1/response', 'r1/tags'],
      hears(({ topic }) => void heard.push(topic)),
    );
    connectInMemory(broker, [{ id: 'reader', host }], clock, trace);
    const command = (name: string) =>
      void broker.publish({ topic: `r1/control/${name}`, payload: bytes('{}'), qos: 1, retain: false });
    return { clock, reader, host, heard, entries, command };
  }

  it('a device works when it is started by a publish, and rests when it is stopped', async () => {
    const { clock, heard, command } = start();
    await clock.runFor(5_000);
    expect(heard).toEqual([]);
    command('start');
    await clock.runFor(2_500);
    expect(heard).toEqual(['r1/response', 'r1/tags', 'r1/tags']);
    command('stop');
    await clock.runFor(5_000);
    expect(heard.slice(3)).toEqual(['r1/response']);
  });

  it('hears what it subscribed to, never inside the call of the publisher, and nothing once it has left', async () => {
    const { clock, reader, host, command } = start();
    command('start');
    expect(reader.heard).toEqual([]);
    await clock.settle();
    expect(reader.heard.map(({ topic }) => topic)).toEqual(['r1/control/start']);
    host.detach();
    command('stop');
    command('deep/er');
    await clock.settle();
    expect(reader.heard).toHaveLength(1);
  });

  it('both ways are in the trace, marked by direction', async () => {
    const { clock, entries, command } = start();
    command('start');
    await clock.settle();
    const message = { at: START, device: 'reader', retained: false };
    expect(entries).toEqual([
      { ...message, topic: 'r1/control/start', payload: '{}', to: 'device' },
      { ...message, topic: 'r1/response', payload: 'started' },
    ]);
  });
});

it('over MQTT a device hears its topics and no others, and is heard', async () => {
  const clock = systemClock();
  await using broker = await openDeviceBroker({ host: '127.0.0.1', port: 0, clock });
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const answered = Promise.withResolvers<string>();
  broker.subscribe(
    ['r1/response'],
    hears(({ payload }) => answered.resolve(textOf(payload))),
  );
  const reader = new CommandedReader();
  const leave = await connectToBroker(url, [{ id: 'reader', host: hostDevice('reader', reader, clock) }]);
  const gateway = await connectAsync(url, { clientId: 'commands', protocolVersion: 4 });
  try {
    await gateway.publishAsync('r1/other', 'x', { qos: 1 });
    await gateway.publishAsync('r1/control/start', '{"n":1}', { qos: 1 });
    expect(await answered.promise).toBe('started');
    const heard = reader.heard.map(({ topic, payload, retained }) => ({
      topic,
      text: textOf(payload),
      retained,
    }));
    expect(heard).toEqual([{ topic: 'r1/control/start', text: '{"n":1}', retained: false }]);
  } finally {
    await leave();
    await gateway.endAsync(true);
  }
});
