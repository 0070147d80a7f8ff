/**
 * A cloud that hands out identities, on real sockets with a database in memory, and gateways that get theirs by
 * command line: each in a folder of its own, with a journal that tests fill by hand.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { pino } from 'pino';
import { cloudConfigSchema } from '../../cloud/app/config.ts';
import { type RunningCloud, startCloud } from '../../cloud/app/start-cloud.ts';
import { systemClock } from '../../cloud/app/system-clock.ts';
import { makeServerCertificate, makeTestCa } from '../../cloud/enrolment/certificates.fixture.ts';
import { weighing } from '../../cloud/ingest/deliveries.fixture.ts';
import { scratchFolder } from '../../firmware-sim/app/simulated-site.ts';
import { type EnrollOptions, enrollCommand } from '../../gateway/app/commands/enroll-command.ts';
import { loadGatewayConfig } from '../../gateway/app/config/config.ts';
import { type RunningGateway, startGateway } from '../../gateway/app/start-gateway.ts';
import { openJournal } from '../../gateway/journal/worker/open-journal.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { freePort } from './processes.ts';

const DAY = 86_400_000;
const SILENT = pino({ level: 'silent' });

interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

export interface ProvisionedSite {
  readonly cloud: RunningCloud;
  readonly folder: string;
  readonly ca: { readonly certPem: string; readonly keyPem: string };
  readonly server: { readonly certPem: string; readonly keyPem: string };
  http(path: string, options?: { token?: string; body?: object }): Promise<HttpAnswer>;
  call<T = Record<string, unknown>>(path: string, body?: object): Promise<T>;
  invite(id: string): Promise<string>;
  close(): Promise<void>;
}

export async function startProvisionedSite(): Promise<ProvisionedSite> {
  const { path: folder, remove } = scratchFolder();
  const ca = await makeTestCa({ from: Date.now() - DAY, to: Date.now() + 365 * DAY });
  const server = await makeServerCertificate(ca);
  const files = {
    'ca.crt': ca.certPem,
    'ca.key': ca.keyPem,
    'server.crt': server.certPem,
    'server.key': server.keyPem,
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const tls = { certFile: join(folder, 'server.crt'), keyFile: join(folder, 'server.key') };
  const mqttPort = await freePort();
  const cloud = await startCloud({
    config: cloudConfigSchema.parse({
      http: { port: 0, tls },
      database: { memory: true },
      intake: { embedded: { port: mqttPort, tls } },
      enrolment: {
        caCertFile: join(folder, 'ca.crt'),
        caKeyFile: join(folder, 'ca.key'),
        serverCaFile: join(folder, 'ca.crt'),
        triesPerMinute: 1000,
        mqttUrl: `mqtts://127.0.0.1:${mqttPort}`,
      },
      site: { name: 'Provisioned', locations: [{ id: 'staging', name: 'Staging', kind: 'staging' }] },
    }),
    clock: systemClock(),
    log: SILENT,
  });
  const adminToken = cloud.adminToken ?? '';
  const http = (path: string, options: { token?: string; body?: object } = {}) =>
    request(new URL(path, cloud.httpUrl), ca.certPem, options);
  const call = async <T>(path: string, body?: object): Promise<T> => {
    const { status, text } = await http(`/api/v1${path}`, { token: adminToken, ...(body && { body }) });
    if (status >= 300) throw new Error(`${path}: ${text}`);
    return JSON.parse(text) as T;
  };
  return {
    cloud,
    folder,
    ca,
    server,
    http,
    call,
    invite: async (id) => (await call<{ code: string }>(`/gateways/${id}/invitation`, {})).code,
    close: async () => {
      await cloud.close();
      remove();
    },
  };
}

function request(
  url: URL,
  ca: string,
  { token, body }: { token?: string; body?: object },
): Promise<HttpAnswer> {
  const binary = body instanceof Uint8Array;
  const payload = body === undefined ? undefined : binary ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const asking = httpsRequest(url, {
      ca,
      agent: false,
      method: payload === undefined ? 'GET' : 'POST',
      headers: {
        ...(payload !== undefined && {
          'content-type': binary ? 'application/octet-stream' : 'application/json',
        }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
    });
    asking.on('error', reject);
    asking.on('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    asking.end(payload);
  });
}

/** A gateway of its own: a folder with an identity, a gateway.yaml and a journal. */
interface ProvisionedGateway {
  readonly folder: string;
  readonly config: string;
  readonly dir: string;
  /** As `npm run gateway -- enroll …`; what it wrote to standard output. */
  enroll(options: Partial<EnrollOptions>): Promise<string>;
  /** Events into the journal of the stopped gateway. */
  record(count: number): Promise<void>;
  start(): Promise<RunningGateway>;
}

export function gatewayIn(site: ProvisionedSite, name: string): ProvisionedGateway {
  const folder = join(site.folder, name);
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'gateway.yaml');
  const dir = join(folder, 'identity');
  const dataDir = join(folder, 'data/gateway');
  let recorded = 0;
  return {
    folder,
    config,
    dir,
    async enroll(options) {
      let out = '';
      const defaults = { config, dir, renew: false, csrOnly: false, insecureHttp: false };
      await enrollCommand(
        { ...defaults, cloud: site.cloud.httpUrl, ca: join(site.folder, 'ca.crt'), ...options },
        { out: (text) => (out += text), note: () => {}, now: Date.now },
      );
      return out;
    },
    async record(count) {
      mkdirSync(dataDir, { recursive: true });
      const stamp = () => ({
        recordedAt: Date.now(),
        bootId: 'boot',
        monotonicMs: recorded,
        clock: 'synced' as const,
      });
      const journal = await openJournal({ file: join(dataDir, 'journal.db'), clock: systemClock(), stamp });
      const events = Array.from({ length: count }, () => weighing(Date.now() + recorded++, recorded * 1000));
      await journal.append({ events, put: [], drop: [] });
      await journal.close();
    },
    async start() {
      const parsed = loadGatewayConfig(config);
      return await startGateway({
        config: { ...parsed, status: { ...parsed.status, port: 0 } },
        clock: systemClock(),
        random: seededRandom(1, name),
        log: SILENT,
      });
    },
  };
}
