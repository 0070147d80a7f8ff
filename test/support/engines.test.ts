/** The engines of the tests answer, lose nothing that they promise to keep over a SIGKILL, and leave nothing behind. */
import { connectAsync } from 'mqtt';
import { Client } from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type Engine,
  mosquittoFound,
  natsFound,
  postgresFound,
  startMosquitto,
  startNats,
  startPostgres,
} from './engines.ts';

let engine: Engine | undefined;
afterEach(() => engine?.close());

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe.runIf(postgresFound)('PostgreSQL', () => {
  it('has after a kill what was committed before', async () => {
    engine = await startPostgres();
    const { url } = engine;
    const ask = async (text: string) => {
      const client = new Client({ connectionString: url });
      client.on('error', () => {});
      await client.connect();
      const { rows } = await client.query(text);
      await client.end();
      return rows;
    };
    await ask('create table kept as select 7 as n');
    await engine.restart();
    expect(await ask('select n from kept')).toEqual([{ n: 7 }]);
    const { pid } = engine;
    await engine.close();
    expect(isRunning(pid)).toBe(false);
  });
});

describe.runIf(mosquittoFound)('Mosquitto', () => {
  it('takes clients before and after a kill', async () => {
    engine = await startMosquitto();
    for (const _life of [1, 2]) {
      const client = await connectAsync(engine.url, { protocolVersion: 5, reconnectPeriod: 0 });
      await client.endAsync();
      await engine.restart();
    }
  });
});

describe.runIf(natsFound)('nats-server', () => {
  it('takes MQTT clients before and after a kill', async () => {
    const nats = await startNats({ mqttPort: 0 });
    engine = nats;
    for (const _life of [1, 2]) {
      const client = await connectAsync(nats.mqttUrl ?? '', { protocolVersion: 4, reconnectPeriod: 0 });
      await client.publishAsync('a/b', 'x', { qos: 1 });
      await client.endAsync();
      await engine.restart();
    }
  });
});
