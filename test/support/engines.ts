/**
 * The engines that a site runs beside Tallyport, as processes of their own for tests: Mosquitto, nats-server and
 * PostgreSQL on free loopback ports, killed without warning and started again on what they left behind. A binary
 * that is missing shows in the `…Found` flags; tests that need it say `describe.runIf(mosquittoFound)`.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { Client } from 'pg';
import { freePort, until } from './processes.ts';

/** Debian keeps servers here, which the PATH of a normal user lacks. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin'];
const POSTGRES_FOLDERS = '/usr/lib/postgresql';
const SUPERUSER = 'tallyport';

export interface Engine {
  readonly url: string;
  /** Of the process that runs now. */
  readonly pid: number;
  /** Everything its processes have written. */
  output(): string;
  /** SIGKILL: no goodbye, no flush. */
  kill(): Promise<void>;
  /** On the same port and data, after a kill when it still runs; resolves when it answers. */
  restart(): Promise<void>;
  /** Ends it and removes the data that it was not given. */
  close(): Promise<void>;
}

export interface NatsEngine extends Engine {
  /** For gateways; undefined without `mqttPort`. */
  readonly mqttUrl: string | undefined;
}

const MOSQUITTO = binary('mosquitto');
const NATS = binary('nats-server');
const POSTGRES = postgresFolder();

export const mosquittoFound = MOSQUITTO !== undefined;
export const natsFound = NATS !== undefined;
export const postgresFound = POSTGRES !== undefined;

/** With `dataDir` it keeps sessions and queues across a polite end; killed, it keeps what it last saved. */
export async function startMosquitto(
  options: { dataDir?: string; port?: number; settings?: readonly string[] } = {},
): Promise<Engine> {
  const program = found(MOSQUITTO, 'mosquitto');
  const { port = await freePort(), dataDir, settings = [] } = options;
  const folder = ownFolder('mosquitto');
  const file = join(folder.path, 'mosquitto.conf');
  if (dataDir !== undefined) mkdirSync(dataDir, { recursive: true });
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    ...(dataDir === undefined ? [] : ['persistence true', `persistence_location ${dataDir}/`]),
    ...settings,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return await startEngine({
    url: `mqtt://127.0.0.1:${port}`,
    begin: () => spawn(program, ['-c', file], QUIET),
    ready: () => listens(port),
    remove: folder.remove,
  });
}

/** JetStream is on by default; `mqttPort` opens the MQTT 3.1.1 listener too (0: any free port). */
export async function startNats(
  options: {
    dataDir?: string;
    port?: number;
    mqttPort?: number;
    jetstream?: boolean;
    settings?: readonly string[];
  } = {},
): Promise<NatsEngine> {
  const program = found(NATS, 'nats-server');
  const { port = await freePort(), settings = [] } = options;
  const mqttPort = options.mqttPort === 0 ? await freePort() : options.mqttPort;
  const folder = ownFolder('nats');
  const file = join(folder.path, 'nats.conf');
  const lines = [
    `listen: "127.0.0.1:${port}"`,
    'server_name: "tallyport-test"',
    ...(options.jetstream === false
      ? []
      : [`jetstream { store_dir: "${options.dataDir ?? join(folder.path, 'data')}" }`]),
    ...(mqttPort === undefined ? [] : [`mqtt { listen: "127.0.0.1:${mqttPort}" }`]),
    ...settings,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const engine = await startEngine({
    url: `nats://127.0.0.1:${port}`,
    begin: () => spawn(program, ['-c', file], QUIET),
    ready: async () => (await listens(port)) && (mqttPort === undefined || (await listens(mqttPort))),
    remove: folder.remove,
  });
  return Object.assign(engine, {
    mqttUrl: mqttPort === undefined ? undefined : `mqtt://127.0.0.1:${mqttPort}`,
  });
}

/** A cluster of its own with fsync on. It refuses to run as root, so root hands it to the user `postgres`. */
export async function startPostgres(
  options: { dataDir?: string; port?: number; settings?: Readonly<Record<string, string>> } = {},
): Promise<Engine> {
  const programs = found(POSTGRES, 'postgres');
  const port = options.port ?? (await freePort());
  const folder = ownFolder('postgres');
  const parent = options.dataDir ?? folder.path;
  const cluster = join(parent, 'cluster');
  const owner = postgresOwner();
  const as = { ...QUIET, cwd: '/', ...owner };
  if (!existsSync(join(cluster, 'PG_VERSION'))) {
    mkdirSync(cluster, { recursive: true, mode: 0o700 });
    if (owner !== undefined) {
      chownSync(cluster, owner.uid, owner.gid);
      letThrough(parent);
    }
    const args = ['-D', cluster, '-A', 'trust', '-U', SUPERUSER, '-E', 'UTF8', '--no-locale', '--no-sync'];
    execFileSync(join(programs, 'initdb'), args, { ...as, stdio: 'pipe' });
  }
  const settings = Object.entries({
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    port: String(port),
    max_connections: '200',
    ...options.settings,
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const url = `postgres://${SUPERUSER}@127.0.0.1:${port}/postgres`;
  return await startEngine({
    url,
    begin: () => spawn(join(programs, 'postgres'), ['-D', cluster, ...settings], as),
    ready: () => answersQueries(url),
    remove: folder.remove,
  });
}

interface EnginePlan {
  readonly url: string;
  begin(): ChildProcess;
  ready(): Promise<boolean>;
  remove(): void;
}

const QUIET = { stdio: ['ignore', 'pipe', 'pipe'] as ('ignore' | 'pipe')[] };

async function startEngine(plan: EnginePlan): Promise<Engine> {
  const chunks: string[] = [];
  let child: ChildProcess | undefined;
  const killNow = () => {
    // PostgreSQL works in children, which outlive a killed parent for a moment and hold its memory.
    const { pid } = child ?? {};
    if (pid === undefined || child === undefined || hasEnded(child)) return;
    for (const one of [pid, ...childrenOf(pid)]) signal(one);
  };
  const start = async () => {
    const begun = plan.begin();
    child = begun;
    begun.stdout?.on('data', (chunk) => chunks.push(String(chunk)));
    begun.stderr?.on('data', (chunk) => chunks.push(String(chunk)));
    await until(`${plan.url} to answer`, async () => {
      if (hasEnded(begun)) throw new Error(`${plan.url} ended at its start:\n${chunks.join('')}`);
      return await plan.ready();
    });
  };
  const kill = async () => {
    const running = child;
    if (running === undefined || hasEnded(running)) return;
    const exited = once(running, 'exit');
    killNow();
    await exited;
  };
  process.on('exit', killNow);
  const close = async () => {
    await kill();
    process.off('exit', killNow);
    plan.remove();
  };
  try {
    await start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: plan.url,
    get pid() {
      return child?.pid ?? 0;
    },
    output: () => chunks.join(''),
    kill,
    restart: async () => {
      await kill();
      await start();
    },
    close,
  };
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function childrenOf(pid: number): number[] {
  try {
    const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return list === '' ? [] : list.split(' ').map(Number);
  } catch {
    return [];
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

async function answersQueries(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

function binary(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...MORE_FOLDERS];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

/** The newest version's programs; Debian installs each version in a folder of its own, outside the PATH. */
function postgresFolder(): string | undefined {
  const versions = existsSync(POSTGRES_FOLDERS) ? readdirSync(POSTGRES_FOLDERS) : [];
  const newestFirst = versions.toSorted((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10));
  const folders = newestFirst.map((version) => join(POSTGRES_FOLDERS, version, 'bin'));
  const inPath = binary('initdb');
  return [...folders, ...(inPath === undefined ? [] : [dirname(inPath)])].find(
    (folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  );
}

function found(program: string | undefined, name: string): string {
  if (program === undefined) throw new Error(`${name} is not installed on this machine`);
  return program;
}

function postgresOwner(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }).trim());
  return { uid: id('-u'), gid: id('-g') };
}

/** The other user must be able to walk through our temporary folders to its own. */
function letThrough(folder: string): void {
  const top = tmpdir();
  for (let at = folder; at !== top && at.startsWith(top); at = dirname(at)) chmodSync(at, 0o711);
}

function ownFolder(name: string): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `tallyport-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
