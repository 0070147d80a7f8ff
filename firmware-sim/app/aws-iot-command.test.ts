/** `sim aws-iot` as an integrator starts it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IoTDataPlaneClient, PublishCommand } from '@aws-sdk/client-iot-data-plane';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { connectAsync } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AwsIotCommand, serveAwsIot } from './aws-iot-command.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyport-aws-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Serving {
  readonly lines: ReadonlyMap<string, string>;
  stop(): Promise<void>;
}

async function serve(command: Partial<AwsIotCommand>): Promise<Serving> {
  const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<void>();
  const { promise: written, resolve: write } = Promise.withResolvers<string>();
  const running = serveAwsIot({
    file: undefined,
    host: '127.0.0.1',
    ports: [0, 0, 0, 0],
    rules: [],
    things: [],
    out: undefined,
    write,
    interrupted,
    ...command,
  });
  const text = await Promise.race([written, running.then(() => '')]);
  const lines = new Map(
    text.split('\n').map((line): [string, string] => {
      const [, name = '', value = ''] = /^(.+?)\s{2,}(\S+)/.exec(line) ?? [];
      return [name, value];
    }),
  );
  return {
    lines,
    async stop() {
      interrupt();
      await running;
    },
  };
}

const yaml = (text: string) => {
  const file = join(folder, 'stand-in.yaml');
  writeFileSync(file, text);
  return file;
};

describe('sim aws-iot', () => {
  it('shows endpoints and keys that SDKs and devices can use as they are', async () => {
    const { lines, stop } = await serve({ rules: ['up=batches'], things: ['dock-1'], out: folder });
    const endpoint = lines.get('REST and SQS') ?? '';
    const access = {
      endpoint,
      region: 'eu-central-1',
      credentials: {
        accessKeyId: lines.get('AWS_ACCESS_KEY_ID') ?? '',
        secretAccessKey: lines.get('AWS_SECRET_ACCESS_KEY') ?? '',
      },
    };
    const device = await connectAsync(lines.get('MQTT over TLS') ?? '', {
      clientId: 'dock-1',
      protocolVersion: 4,
      reconnectPeriod: 0,
      ca: readFileSync(join(folder, 'ca.crt')),
      cert: readFileSync(join(folder, 'dock-1.crt')),
      key: readFileSync(join(folder, 'dock-1.key')),
    });
    await device.publishAsync('$aws/rules/up/tallyport/v1/dock-1/up/stock', 'one', { qos: 1 });
    await device.endAsync();
    const iot = new IoTDataPlaneClient(access);
    const sqs = new SQSClient(access);
    await iot.send(
      new PublishCommand({ topic: 'tallyport/v1/dock-2/up/stock', payload: Buffer.from('two') }),
    );
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: `${endpoint}/000000000000/batches`,
        MaxNumberOfMessages: 10,
      }),
    );
    const topics = Messages.map(({ Body = '{}' }) => JSON.parse(Body).topic as string);
    expect(topics).toEqual(
      expect.arrayContaining(['tallyport/v1/dock-1/up/stock', 'tallyport/v1/dock-2/up/stock']),
    );
    iot.destroy();
    sqs.destroy();
    await stop();
  });

  it('takes rules, queues, policy and quotas from a file', async () => {
    const file = yaml(`
rules:
  - { name: all, sql: "SELECT * FROM '#'", actions: [{ sqs: { queue: q } }], errorQueue: errors }
queues: { q: { redrive: { queue: errors, maxReceiveCount: 2 } } }
policy: { Version: "2012-10-17", Statement: { Effect: Allow, Action: "*", Resource: "*" } }
quotas: { publishesPerSecond: 5 }
mischief: { duplicate: 0.5 }
`);
    const { lines, stop } = await serve({ file });
    expect(lines.has('REST and SQS')).toBe(true);
    await stop();
  });

  it.each<[string, Partial<AwsIotCommand> | string, RegExp]>([
    ['a rule without queue', { rules: ['up'] }, /--rule: expected NAME=QUEUE, got "up"/],
    ['a thing without folder', { things: ['dock-1'] }, /--thing: expected --out FOLDER/],
    ['a file that is not there', { file: '/nowhere.yaml' }, /cannot read \/nowhere\.yaml: ENOENT/],
    ['a misspelt setting', 'rule: []', /stand-in\.yaml:1: rule: there is no such setting/],
    [
      'SQL that it cannot run',
      `rules: [{ name: a, sql: "SELECT * FROM 'a' WHERE x", actions: [{ sqs: { queue: q } }] }]`,
      /not supported after FROM: WHERE x/,
    ],
    [
      'a policy with a variable that it does not know',
      'policy: { Version: "2012-10-17", Statement: { Effect: Allow, Action: "*", Resource: "$' +
        '{aws:x}" } }',
      /the variable .*aws:x.* is not one of/,
    ],
    ['a quota that is none', 'quotas: { speed: 1 }', /stand-in\.yaml.*quotas/],
  ])('refuses %s', async (_name, wrong, message) => {
    const command = typeof wrong === 'string' ? { file: yaml(wrong) } : wrong;
    await expect(serve(command)).rejects.toThrow(message);
  });

  it('refuses a port that is taken, with what to do', async () => {
    const { lines, stop } = await serve({});
    const port = Number(new URL(lines.get('REST and SQS') ?? '').port);
    await expect(serve({ ports: [port, 0, 0, 0] })).rejects.toThrow(/in use.*give another port/);
    await stop();
  });
});
