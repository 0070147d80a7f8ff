/**
 * Puts simulated devices on the gateway's broker as its clients: they publish, and get what is published to the
 * topics they subscribe to. In process or over MQTT 3.1.1.
 */
import { connectAsync, type MqttClient } from 'mqtt';
import type { DeviceMessageHub } from '../../gateway/transports/device-messages.ts';
import type { Clock } from '../../protocol/ports/clock.ts';
import type { HostedDevice } from './device-fleet.ts';
import type { DeviceHost, DeviceSink } from './device-host.ts';
import type { Trace } from './trace.ts';

type BrokerClient = Pick<HostedDevice, 'id' | 'host'>;

/** In process, under virtual time. What a device receives comes in a task of its own, as from any broker. */
export function connectInMemory(
  broker: DeviceMessageHub,
  devices: readonly BrokerClient[],
  clock: Clock,
  trace: Trace,
): void {
  for (const { id, host } of devices) {
    if (host.transport !== 'messages') continue;
    if (host.subscriptions.length > 0) {
      broker.listen(host.subscriptions, ({ topic, payload, retain: retained }) => {
        queueMicrotask(() => {
          trace.add({ at: clock.now(), device: id, topic, payload: text(payload), retained, to: 'device' });
          host.receiveMessage({ topic, payload, retained: false });
        });
      });
    }
    host.attach(
      publishing(({ topic, payload, retain }) => {
        trace.add({ at: clock.now(), device: id, topic, payload: text(payload), retained: retain ?? false });
        // Subscribers of a live connection get retained messages with the flag cleared, as from any broker.
        broker.deliver({ topic, payload, origin: 'live' })?.catch(() => {});
      }),
    );
  }
}

const text = (payload: Uint8Array) => Buffer.from(payload).toString('utf8');

/** One MQTT client for each device, as in life. Returns the end of them. */
export async function connectToBroker(
  brokerUrl: string,
  devices: readonly BrokerClient[],
): Promise<() => Promise<void>> {
  const clients: MqttClient[] = [];
  const close = async () => {
    await Promise.all(clients.map((mqtt) => mqtt.endAsync(true)));
  };
  try {
    for (const [index, { id, host }] of devices.entries()) {
      if (host.transport !== 'messages') continue;
      const mqtt = await connectAsync(brokerUrl, {
        clientId: `sim-${id}-${index}`,
        protocolVersion: 4,
        reconnectPeriod: 200,
      });
      clients.push(mqtt);
      mqtt.on('error', () => {});
      await attach(mqtt, host);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return close;
}

async function attach(mqtt: MqttClient, host: DeviceHost): Promise<void> {
  mqtt.on('message', (topic, payload, { retain }) =>
    host.receiveMessage({ topic, payload, retained: retain }),
  );
  if (host.subscriptions.length > 0) await mqtt.subscribeAsync([...host.subscriptions], { qos: 1 });
  host.attach(
    publishing(
      ({ topic, payload, retain }) =>
        void mqtt.publish(topic, Buffer.from(payload), { qos: 1, retain: retain ?? false }),
    ),
  );
}

function publishing(publish: DeviceSink['publish']): DeviceSink {
  return { send: () => {}, hangUp: () => {}, publish };
}
