/** A stand-in on a clock that stands still until it is moved, with the real SDK clients and an MQTT client. */
import { IoTDataPlaneClient } from '@aws-sdk/client-iot-data-plane';
import { SQSClient } from '@aws-sdk/client-sqs';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { VirtualClock } from '../../protocol/ports/virtual-clock.ts';
import { type AwsIot, type AwsIotOptions, startAwsIot } from './aws-iot.ts';

/** Not far from now: the SDK signs with the machine's time. */
const roundedNow = () => Math.floor(Date.now() / 1000) * 1000;

export interface Fixture {
  readonly aws: AwsIot;
  readonly clock: VirtualClock;
  readonly iot: IoTDataPlaneClient;
  readonly sqs: SQSClient;
  /** Over TLS with a certificate of the thing. */
  device(thing: string, options?: IClientOptions): Promise<MqttClient>;
  /** In plain text, where everything is allowed. */
  client(clientId: string, options?: IClientOptions): Promise<MqttClient>;
  close(): Promise<void>;
}

/** Lets sockets and promise chains run; virtual time stands still meanwhile. */
export const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));

export async function openFixture(options: Partial<AwsIotOptions> = {}): Promise<Fixture> {
  const clock = new VirtualClock({ startAt: roundedNow(), flush: breathe });
  const aws = await startAwsIot({ clock, ...options });
  const clients: MqttClient[] = [];
  const access = { region: aws.region, endpoint: aws.endpoint, credentials: aws.accessKey, maxAttempts: 1 };
  const iot = new IoTDataPlaneClient(access);
  const sqs = new SQSClient(access);
  const connect = async (url: string, clientId: string, more: IClientOptions) => {
    const client = await connectAsync(url, { clientId, protocolVersion: 4, reconnectPeriod: 0, ...more });
    client.on('error', () => {});
    clients.push(client);
    return client;
  };
  return {
    aws,
    clock,
    iot,
    sqs,
    async device(thing, more = {}) {
      const { cert, key } = await aws.issueDevice(thing);
      return connect(aws.mqttsUrl, thing, { ca: aws.ca, cert, key, ...more });
    },
    client: (clientId, more = {}) => connect(aws.mqttUrl, clientId, more),
    async close() {
      for (const client of clients) await client.endAsync(true);
      iot.destroy();
      sqs.destroy();
      await aws.close();
    },
  };
}

/** What the SDK threw: its typed name, status and message. */
export async function refusalOf(sending: Promise<unknown>): Promise<[string, number | undefined, string]> {
  try {
    await sending;
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return [name, $metadata?.httpStatusCode, message];
  }
  return ['nothing', undefined, ''];
}
