/**
 * Several clouds as processes of their own on one PostgreSQL, behind Mosquitto (shared subscription) or NATS
 * JetStream (shared consumer; gateways come in by its MQTT listener). Any of them may be killed and started again.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Site } from '../../cloud/site/site.ts';
import { createScratchDatabase } from '../../firmware-sim/app/scratch-database.ts';
import {
  type Engine,
  mosquittoFound,
  natsFound,
  postgresFound,
  startMosquitto,
  startNats,
  startPostgres,
} from './engines.ts';
import { answers, freePort, type RunningProcess, startProcess, until } from './processes.ts';

export type LinkName = 'mosquitto' | 'jetstream';

export const databaseFound = postgresFound || (process.env.DATABASE_URL ?? '') !== '';
export const linksFound: readonly LinkName[] = [
  ...(mosquittoFound ? (['mosquitto'] as const) : []),
  ...(natsFound ? (['jetstream'] as const) : []),
];

interface CloudWorker {
  readonly url: string;
  /** SIGKILL: no goodbye, no flush. */
  kill(): Promise<void>;
  /** After a kill, on the same port; resolves when it answers. */
  start(): Promise<void>;
  output(): string;
}

export interface CloudWorkers {
  readonly databaseUrl: string;
  /** Where gateways connect by MQTT. */
  readonly gatewayUrl: string;
  readonly broker: Engine;
  readonly workers: readonly CloudWorker[];
  close(): Promise<void>;
}

interface WorkersPlan {
  readonly link: LinkName;
  readonly workers: number;
  readonly gateways: readonly string[];
  readonly site: Site | Record<string, unknown>;
}

/** All start at the same moment on an empty database, and all are up when it resolves. */
export async function startCloudWorkers(plan: WorkersPlan): Promise<CloudWorkers> {
  const undo: (() => Promise<unknown> | unknown)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const folder = mkdtempSync(join(tmpdir(), 'tallyport-workers-'));
    undo.push(() => rmSync(folder, { recursive: true, force: true }));
    const databaseUrl = await openDatabase(undo);
    const { broker, gatewayUrl, intake } = await openLink(plan.link);
    undo.push(broker.close);
    const gateways = plan.gateways.map((id) => {
      writeFileSync(join(folder, `${id}.token`), `token-of-${id}-0123456789abcdef`);
      return { id, tokenFile: `${id}.token` };
    });
    const workers = await Promise.all(
      Array.from({ length: plan.workers }, async (_, index) => {
        const port = await freePort();
        const file = join(folder, `cloud-${index}.yaml`);
        const config = {
          http: { port, requestsPerMinute: 1_000_000 },
          intake,
          gateways,
          log: 'warn',
          site: plan.site,
        };
        writeFileSync(file, stringify(config));
        return workerOf(file, `http://127.0.0.1:${port}`, databaseUrl);
      }),
    );
    for (const worker of workers) undo.push(worker.kill);
    await Promise.all(workers.map((worker) => worker.start()));
    return { databaseUrl, gatewayUrl, broker, workers, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openDatabase(undo: (() => Promise<unknown> | unknown)[]): Promise<string> {
  const server = process.env.DATABASE_URL;
  if (server !== undefined && server !== '') {
    const database = await createScratchDatabase(server);
    undo.push(database.drop);
    return database.url;
  }
  const engine = await startPostgres();
  undo.push(engine.close);
  return engine.url;
}

async function openLink(link: LinkName): Promise<{ broker: Engine; gatewayUrl: string; intake: object }> {
  if (link === 'mosquitto') {
    const broker = await startMosquitto();
    return {
      broker,
      gatewayUrl: broker.url,
      intake: { mqtt: { url: broker.url, shareGroup: 'clouds' }, https: false },
    };
  }
  const broker = await startNats({ mqttPort: 0 });
  return {
    broker,
    gatewayUrl: broker.mqttUrl ?? '',
    intake: { jetstream: { url: broker.url }, https: false },
  };
}

function workerOf(file: string, url: string, databaseUrl: string): CloudWorker {
  const lives: RunningProcess[] = [];
  const output = () => lives.map((life) => life.output()).join('\n---\n');
  return {
    url,
    output,
    kill: async () => lives.at(-1)?.kill(),
    async start() {
      const args = ['cloud/app/main.ts', '--config', file];
      lives.push(startProcess(process.execPath, args, { DATABASE_URL: databaseUrl }));
      await until('a cloud to answer', () => answers(`${url}/healthz`)).catch((error: Error) => {
        throw new Error(`${error.message}\n${output()}`, { cause: error });
      });
    },
  };
}
