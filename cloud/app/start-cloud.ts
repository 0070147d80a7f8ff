/**
 * Wires the cloud by hand, in the order things depend on each other, and takes it down in the reverse: database,
 * live stream, ledger, ingest, HTTP, timers, and last the intake, so that nothing arrives before all of it stands.
 */
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { decodeEpc } from '../../protocol/epc/epc.ts';
import type { Lane } from '../../protocol/events/lanes.ts';
import type { Ack } from '../../protocol/link/ack.ts';
import type { Clock } from '../../protocol/ports/clock.ts';
import { type Random, seededRandom } from '../../protocol/ports/random.ts';
import { makeFirstAdmin } from '../api/access/users.ts';
import { LiveBus } from '../api/http/live.ts';
import type { LinkDoor } from '../api/routes/link.ts';
import { type ApiOptions, createApi } from '../api/server.ts';
import { retireEpisodes } from '../coldchain/retire.ts';
import { createGatekeeper, type Gatekeeper } from '../enrolment/gatekeeper.ts';
import type { NewToken } from '../enrolment/tokens.ts';
import { addGateway, putGateway, recordGatewayState } from '../fleet/gateway-registry.ts';
import { raiseRevokedTraffic } from '../fleet/revoked-traffic.ts';
import { createIngest, type Ingest } from '../ingest/ingest.ts';
import type { HttpsIntake } from '../intake/https/https-intake.ts';
import { listenError, tryAddress } from '../intake/listen.ts';
import type { Store } from '../store/database.ts';
import { type CloudConfig, ConfigError, readText } from './config.ts';
import { openIdentityProvision } from './enrolment-config.ts';
import { createLedger } from './ledger.ts';
import { openIntake, readTls } from './open-intake.ts';
import { openMigratedStore } from './open-store.ts';
import { loadShipmentsFile } from './shipments-file.ts';
import { createTroubleLog } from './trouble-log.ts';
import { VERSION } from './version.ts';
import { watchSessions } from './watch-sessions.ts';
import { watchTime } from './watch-time.ts';

const PAGE_DIR = fileURLToPath(new URL('../web/dist', import.meta.url));
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/;
const SHORTEST_SESSION_KEY_BYTES = 32;

interface CloudOptions {
  readonly config: CloudConfig;
  readonly clock: Clock;
  /** For the jitter of reconnects; by default another one at each start. */
  readonly random?: Random;
  readonly log: Logger;
  readonly newToken?: NewToken;
  /** The folder of the built page. */
  readonly pageDir?: string;
}

export interface RunningCloud {
  readonly httpUrl: string;
  /** Only on the first start of a database: the administrator's token, which cannot be read again. */
  readonly adminToken?: string;
  /** Of the embedded broker. */
  readonly brokerPort?: number;
  readonly store: Store;
  readonly ingest: Ingest;
  readonly live: LiveBus;
  /** A batch as if a gateway had sent it, whatever the intake. */
  deliver(gateway: string, lane: Lane, payload: Uint8Array): Promise<Ack | undefined>;
  reportGatewayState(gateway: string, state: 'online' | 'offline'): void;
  /** The new gateway's token; undefined when there is one of this id. */
  addGateway(id: string): Promise<string | undefined>;
  close(): Promise<void>;
}

export const newSecret: NewToken = () => randomBytes(32).toString('base64url');

export async function startCloud(options: CloudOptions): Promise<RunningCloud> {
  const { config, clock, log } = options;
  const random = options.random ?? seededRandom(newSecret(), 'jitter');
  const { site } = config;
  const newToken = options.newToken ?? newSecret;
  /** What to undo, newest last, at the end or when the start fails half-way. */
  const closers: (() => Promise<void>)[] = [];
  const closeAll = async () => {
    for (let undo = closers.pop(); undo !== undefined; undo = closers.pop()) await undo();
  };
  const close = () => clock.track(closeAll());

  try {
    await tryAddress(config.http, 'http.port');
    if (config.intake.embedded) await tryAddress(config.intake.embedded, 'intake.embedded.port');
    const trouble = createTroubleLog((detail, message) => log.warn(detail, message), clock);
    const store = await openMigratedStore(config.database, (error) => trouble('database-idle', { error }));
    closers.push(() => store.close());
    if (!store.powerLossSafe) {
      log.warn({ event: 'database.embedded' }, 'embedded database: not safe against power loss');
    }
    warnOfPlainText(config, log);
    const { db } = store;
    for (const { id, tokenFile } of config.gateways) {
      const token = readText(tokenFile, `the token of gateway ${id}`, 'gateways[].tokenFile names it').trim();
      if (token === '') throw new ConfigError([`${tokenFile} is empty: expected the token of gateway ${id}`]);
      await putGateway(db, id, token, clock.now());
    }

    const live = new LiveBus();
    const ledger = createLedger({ store, site, clock, live });
    if (config.shipmentsFile !== undefined) {
      const ids = await loadShipmentsFile(ledger, config.shipmentsFile);
      log.info({ event: 'shipments.loaded', count: ids.length }, 'expected shipments loaded');
    }

    await retireEpisodes(db, site, clock.now());
    const ingest = createIngest({
      store,
      site,
      clock,
      decode: decodeEpc,
      onCommitted: (changes) => live.publish(changes),
    });

    const { verify, ownerOf } = createGatekeeper({
      db,
      clock,
      onRevokedUse: (gateway, revokedAt) => {
        clock
          .track(raiseRevokedTraffic(store, gateway, revokedAt, clock.now()))
          .then((changes) => live.publish(changes))
          .catch((error: unknown) => trouble('revoked-traffic', { gateway, error }));
      },
    });
    const identity = await openIdentityProvision(config.enrolment, clock.now());
    const { intake, broker, memory, https, counters } = openIntake(config.intake, {
      clock,
      random,
      verify,
      onTrouble: trouble,
      onConnected: () => log.info({ event: 'intake.connected' }, intake.state),
    });
    const watch = watchTime({
      store,
      site,
      clock,
      live,
      checkClocks: () => ingest.checkClocks(),
      onTrouble: trouble,
    });
    closers.push(() => watch.stop());
    if (broker) {
      const onError = (error: unknown) => trouble('session-check-failed', { error });
      const sessions = watchSessions({ db, clock, broker, onError });
      closers.push(() => sessions.stop());
    }

    const onGatewayState = (gateway: string, state: 'online' | 'offline') => {
      const now = clock.now();
      clock
        .track(recordGatewayState(db, gateway, state, now))
        .then(() => live.publish([{ topic: 'gateway', at: new Date(now).toISOString(), id: gateway }]))
        .catch((error: unknown) => trouble('gateway-state', { gateway, error }));
    };

    const places = {
      doors: site.doors.map(({ readPoint, name }) => ({ readPoint, name })),
      locations: site.locations.map(({ id, name }) => ({ id, name })),
    };
    const { host, port, tls, trustProxy, requestsPerMinute } = config.http;
    const api = await createApi({
      db,
      ledger,
      live,
      clock,
      newToken,
      sessionKey: sessionKey(config.http.sessionKeyFile),
      status: () => ({
        site: site.name,
        version: VERSION,
        now: new Date(clock.now()).toISOString(),
        database: store.engine,
        intake: intake.state,
        places,
        counters: {
          ...ingest.counters,
          ...counters(),
          ...live.counters,
          liveClients: live.size,
          ...watch.counters,
        },
      }),
      onGatewayRevoked: (gateway) => broker?.drop(gateway),
      identity,
      ownerOf,
      log,
      pageDir: options.pageDir ?? PAGE_DIR,
      version: VERSION,
      trustProxy,
      requestsPerMinute,
      ...(tls && { tls: readTls(tls) }),
      ...(https && { link: linkDoor(https, { verify, ownerOf }) }),
    } satisfies ApiOptions);
    closers.push(() => api.close());
    const listening = await api.listen({ host, port }).catch((error: Error) => {
      throw listenError(error, { host, port }, 'http.port');
    });
    // Fastify does not know what the server is that it was given.
    const httpUrl = tls ? listening.replace(/^http:/, 'https:') : listening;

    await intake.start({ onDelivery: (delivery) => ingest.deliver(delivery), onGatewayState });
    closers.push(() => intake.close());
    // Last: a token made before a start that fails would be shown to nobody.
    const adminToken = await makeFirstAdmin(db, newToken, clock.now());
    log.info(
      { event: 'cloud.started', httpUrl, intake: intake.state, database: store.engine },
      'cloud started',
    );

    return {
      httpUrl,
      ...(adminToken !== undefined && { adminToken }),
      ...(broker && { brokerPort: broker.port }),
      store,
      ingest,
      live,
      deliver: (gateway, lane, payload) =>
        memory ? memory.deliver(gateway, lane, payload) : ingest.deliver({ gateway, lane, payload }),
      reportGatewayState: onGatewayState,
      addGateway: (id) => addGateway(db, id, newToken, clock.now()),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function linkDoor(https: HttpsIntake, gatekeeper: Gatekeeper): LinkDoor {
  return {
    requestsPerMinute: https.requestsPerMinute,
    ...gatekeeper,
    deliver: (gateway, lane, payload) => https.deliver(gateway, lane, payload),
    reportState: (gateway, state) => https.reportState(gateway, state),
  };
}

/** Tokens that travel unencrypted over a network are worth a line at each start. */
function warnOfPlainText({ http, intake }: CloudConfig, log: Logger): void {
  const open = (listener: { host: string; tls?: object | undefined } | undefined) =>
    listener !== undefined && listener.tls === undefined && !LOOPBACK.test(listener.host);
  if (open(http) && !http.trustProxy) {
    log.warn(
      { event: 'http.plain-text', host: http.host },
      'HTTP beyond this machine without TLS: set http.tls',
    );
  }
  if (open(intake.embedded)) {
    log.warn(
      { event: 'intake.plain-text', host: intake.embedded?.host },
      'MQTT beyond this machine without TLS: set intake.embedded.tls',
    );
  }
}

function sessionKey(file: string | undefined): Buffer {
  if (file === undefined) return randomBytes(SHORTEST_SESSION_KEY_BYTES);
  const key = Buffer.from(readText(file, 'the session key', 'http.sessionKeyFile names it').trim());
  if (key.length < SHORTEST_SESSION_KEY_BYTES) {
    throw new ConfigError([`${file}: expected at least ${SHORTEST_SESSION_KEY_BYTES} random characters`]);
  }
  return key;
}
