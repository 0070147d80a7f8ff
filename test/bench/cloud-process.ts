/**
 * A cloud as a process of its own on PostgreSQL (a database made for the run) when DATABASE_URL is set, else on the
 * embedded engine in a scratch folder; behind its embedded broker, or behind Mosquitto. One gateway is enrolled.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Site } from '../../cloud/site/site.ts';
import { type LedgerClient, ledgerClient } from '../../firmware-sim/app/ledger-view.ts';
import { createScratchDatabase } from '../../firmware-sim/app/scratch-database.ts';
import { mosquittoFound, startMosquitto } from '../support/engines.ts';
import { answers, freePort, startProcess, until } from '../support/processes.ts';

const GATEWAY = 'gw-bench';
const TOKEN = 'bench-gateway-token-0123456789abcdef';

export interface CloudProcess {
  readonly engine: 'postgres' | 'pglite';
  readonly broker: 'mosquitto' | 'embedded';
  readonly databaseUrl: string | undefined;
  readonly pid: number;
  readonly client: LedgerClient;
  readonly gateway: string;
  readonly token: string;
  readonly brokerUrl: string;
  output(): string;
  close(): Promise<void>;
}

export async function startCloudProcess(
  site: Partial<Site> & { name: string; locations: unknown[] },
  options: { readonly mosquitto?: boolean } = {},
): Promise<CloudProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'tallyport-bench-cloud-'));
  const server = process.env.DATABASE_URL;
  const database = server === undefined || server === '' ? undefined : await createScratchDatabase(server);
  const [httpPort, brokerPort] = await Promise.all([freePort(), freePort()]);
  const broker = options.mosquitto === true && mosquittoFound ? await startMosquitto() : undefined;
  const config = join(folder, 'cloud.yaml');
  writeFileSync(join(folder, 'gateway-token'), TOKEN);
  writeFileSync(
    config,
    stringify({
      http: { port: httpPort, requestsPerMinute: 1_000_000 },
      database: { dataDir: join(folder, 'database') },
      intake: broker === undefined ? { embedded: { port: brokerPort } } : { mqtt: { url: broker.url } },
      gateways: [{ id: GATEWAY, tokenFile: 'gateway-token' }],
      log: 'warn',
      site,
    }),
  );
  const env: Record<string, string> = database === undefined ? {} : { DATABASE_URL: database.url };
  const cloud = startProcess(process.execPath, ['cloud/app/main.ts', '--config', config], env);
  const close = async () => {
    await cloud.kill();
    await broker?.close();
    await database?.drop();
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${httpPort}`;
  try {
    await until('the cloud to answer', () => answers(`${url}/healthz`), 60_000);
    await until('the first token', () => adminTokenIn(cloud.output()) !== undefined);
  } catch (error) {
    await close();
    throw new Error(`the cloud did not start: ${cloud.output()}`, { cause: error });
  }
  return {
    engine: database === undefined ? 'pglite' : 'postgres',
    broker: broker === undefined ? 'embedded' : 'mosquitto',
    databaseUrl: database?.url,
    pid: cloud.pid,
    client: ledgerClient(url, adminTokenIn(cloud.output()) ?? ''),
    gateway: GATEWAY,
    token: TOKEN,
    brokerUrl: broker?.url ?? `mqtt://127.0.0.1:${brokerPort}`,
    output: cloud.output,
    close,
  };
}

function adminTokenIn(output: string): string | undefined {
  return /^ {2}([\w-]{20,})$/m.exec(output)?.[1];
}
