/**
 * The site that is shot at: gateways with a steady load, one or two clouds, the broker between them and the
 * database behind, each a process of its own with files of its own.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Engine, startMosquitto, startNats, startPostgres } from '../../support/engines.ts';
import type { LoadGatewayOptions } from '../../support/load-gateway.ts';
import { answers, freePort } from '../../support/processes.ts';
import { type KillLoopLedger, readLedger } from './ledger.ts';
import { Seat, type Victim } from './seat.ts';
import { readPromises } from './truth.ts';

/** `embedded`: the cloud's own broker, which dies with it. `nats`: its MQTT listener for gateways, JetStream for clouds. */
export const LINKS = ['embedded', 'mosquitto', 'nats'] as const;
export const DATABASES = ['pglite', 'postgres'] as const;
type LinkKind = (typeof LINKS)[number];
type DatabaseKind = (typeof DATABASES)[number];

export interface KillLoopSitePlan {
  readonly link: LinkKind;
  readonly database: DatabaseKind;
  readonly gateways: number;
  readonly entriesPerSecond: number;
}

interface KillSite {
  readonly victims: readonly Victim[];
  /** No new entries; resolves when the gateways have had everything acked. */
  drain(limitMs: number): Promise<void>;
  promises(): Map<string, number[]>;
  /** Ends the clouds. */
  ledger(): Promise<KillLoopLedger>;
  /** Ends that nobody asked for. */
  exits(): { failedStarts: number; deaths: string[] };
  close(): Promise<void>;
}

/** Numbers of one life of a gateway stay below the next life's. */
const NUMBERS_PER_LIFE = 10_000_000;
const tokenOf = (gateway: string) => `kill-loop-token-of-${gateway}-0123456789`;
const SHARE_GROUP = 'kill-loop';

export async function startKillSite(plan: KillLoopSitePlan): Promise<KillSite> {
  const folder = mkdtempSync(join(tmpdir(), 'tallyport-kill-'));
  const undo: (() => Promise<void> | void)[] = [];
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const database = plan.database === 'postgres' ? await startPostgres() : undefined;
    if (database) undo.push(database.close);
    const broker = await startBroker(plan.link);
    if (broker) undo.push(broker.engine.close);
    const brokerPort = await freePort();
    const shared = database !== undefined && broker !== undefined;
    const clouds = await Promise.all(
      Array.from({ length: shared ? 2 : 1 }, (_, index) =>
        cloudSeat({ folder, name: `cloud-${index + 1}`, plan, broker, brokerPort, database, shared }),
      ),
    );
    const url = broker?.gatewayUrl ?? `mqtt://127.0.0.1:${brokerPort}`;
    const gateways = gatewayNames(plan).map((name) => new LoadGateway(folder, name, url, plan));
    const seats = [...clouds, ...gateways.map((gateway) => gateway.seat)];
    undo.push(async () => void (await Promise.all(seats.map((seat) => seat.kill()))));
    // One after the other: the first makes the schema.
    for (const seat of seats) await seat.start();
    return {
      victims: [
        ...seats,
        ...(broker ? [victimOf('broker', broker.engine)] : []),
        ...(database ? [victimOf('database', database)] : []),
      ],
      async drain(limitMs) {
        await Promise.all(gateways.map((gateway) => gateway.drain(limitMs)));
      },
      promises: () => new Map(gateways.map((gateway) => [gateway.name, gateway.promises()])),
      async ledger() {
        await Promise.all(clouds.map((cloud) => cloud.kill()));
        return await readLedger(database ? { url: database.url } : { dataDir: join(folder, 'database') });
      },
      exits: () => ({
        failedStarts: seats.reduce((sum, seat) => sum + seat.failedStarts, 0),
        deaths: seats.filter((seat) => seat.deaths > 0).map((seat) => `${seat.name}: ${seat.output()}`),
      }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Broker {
  readonly engine: Engine;
  readonly gatewayUrl: string;
  /** Of a cloud of this name; `shared`: one of several. */
  intake(name: string, shared: boolean): object;
}

async function startBroker(link: LinkKind): Promise<Broker | undefined> {
  if (link === 'embedded') return undefined;
  if (link === 'nats') {
    const engine = await startNats({ mqttPort: 0 });
    return { engine, gatewayUrl: engine.mqttUrl ?? '', intake: () => ({ jetstream: { url: engine.url } }) };
  }
  const engine = await startMosquitto();
  const { url } = engine;
  const intake = (clientId: string, shared: boolean) => ({
    mqtt: { url, clientId, ...(shared && { shareGroup: SHARE_GROUP }) },
  });
  return { engine, gatewayUrl: url, intake };
}

const gatewayNames = (plan: KillLoopSitePlan) =>
  Array.from({ length: plan.gateways }, (_, n) => `gw-${n + 1}`);

interface CloudPlan {
  readonly folder: string;
  readonly name: string;
  readonly plan: KillLoopSitePlan;
  readonly broker: Broker | undefined;
  readonly brokerPort: number;
  readonly database: Engine | undefined;
  /** Several clouds on one database. */
  readonly shared: boolean;
}

async function cloudSeat(cloud: CloudPlan): Promise<Seat> {
  const { folder, name, plan, broker, brokerPort, database, shared } = cloud;
  const file = join(folder, `${name}.yaml`);
  const port = await freePort();
  const names = gatewayNames(plan);
  for (const id of names) writeFileSync(join(folder, `${id}.token`), tokenOf(id));
  writeFileSync(
    file,
    stringify({
      http: { port },
      database: database ? { url: database.url } : { dataDir: join(folder, 'database') },
      intake: broker?.intake(name, shared) ?? { embedded: { port: brokerPort } },
      gateways: names.map((id) => ({ id, tokenFile: `${id}.token` })),
      log: 'warn',
      site: {
        name: 'Kill loop',
        locations: [{ id: 'cold-1', name: 'Cold room', kind: 'cold-room' }],
        bins: [{ readPoint: 'scale-1', name: 'Bin', location: 'cold-1', gtin: '04012345678901' }],
        probes: [{ readPoint: 'probe-1', name: 'Probe', location: 'cold-1' }],
      },
    }),
  );
  // The real engines of the surrounding run are not for us: these have their own.
  const { DATABASE_URL: _database, TALLYPORT_BROKER_URL: _broker, ...env } = process.env;
  return new Seat({
    name,
    env,
    args: () => ['cloud/app/main.ts', '--config', file],
    isUp: () => answers(`http://127.0.0.1:${port}/healthz`),
  });
}

class LoadGateway {
  readonly name: string;
  readonly seat: Seat;
  readonly #folder: string;
  #lives = 0;
  #draining = false;

  constructor(folder: string, name: string, url: string, plan: KillLoopSitePlan) {
    this.name = name;
    this.#folder = join(folder, name);
    mkdirSync(this.#folder);
    this.seat = new Seat({
      name,
      args: () => {
        const life = ++this.#lives;
        const options: LoadGatewayOptions = {
          gateway: name,
          journal: join(this.#folder, 'journal.db'),
          url,
          token: tokenOf(name),
          promises: this.#promiseFile(life),
          numbersFrom: life * NUMBERS_PER_LIFE,
          entriesPerSecond: this.#draining ? 0 : plan.entriesPerSecond,
        };
        return ['test/support/load-gateway.ts', JSON.stringify(options)];
      },
      isUp: async () => this.#draining || readPromises(this.#promiseFile(this.#lives)).length > 0,
    });
  }

  async drain(limitMs: number): Promise<void> {
    await this.seat.kill();
    this.#draining = true;
    await this.seat.start();
    await this.seat.ended(limitMs);
  }

  promises(): number[] {
    return Array.from({ length: this.#lives }, (_, n) => readPromises(this.#promiseFile(n + 1))).flat();
  }

  #promiseFile(life: number): string {
    return join(this.#folder, `promises-${life}`);
  }
}

/** An engine is let come up before it is killed: half-started it would be reported as one that does not start. */
function victimOf(name: string, engine: Engine): Victim {
  let starting = Promise.resolve();
  return {
    name,
    async kill() {
      await starting;
      await engine.kill();
    },
    start() {
      starting = engine.restart();
      return starting;
    },
    output: engine.output,
  };
}
