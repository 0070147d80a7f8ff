/**
 * Wires a gateway by hand, top to bottom: journal, sensing, devices, forwarder, status page. Everything that
 * touches the outside can be handed in, so that a simulation runs the same wiring under virtual time.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Clock, Timer } from '../../protocol/ports/clock.ts';
import type { Random } from '../../protocol/ports/random.ts';
import type { Driver } from '../drivers/driver.ts';
import { findDriver } from '../drivers/registry.ts';
import { openJournal } from '../journal/worker/open-journal.ts';
import { parseBrokerAddress, parseTransportAddress } from '../transports/address.ts';
import { type DeviceBroker, openDeviceBroker } from '../transports/device-broker.ts';
import type { DeviceMessages } from '../transports/device-messages.ts';
import type { LineOpener } from '../transports/line.ts';
import { createSerialLine } from '../transports/serial-line.ts';
import { createTcpLine } from '../transports/tcp-line.ts';
import { createForwarder, type Forwarder } from '../uplink/forwarder/forwarder.ts';
import type { Uplink } from '../uplink/uplink.ts';
import { createClockWatch } from './clock/clock-state.ts';
import {
  createSteadyClock,
  fromWallScale,
  onWallScale,
  onWallTime,
  takeScale,
} from './clock/steady-clock.ts';
import { type SystemTime, timesyncd } from './clock/system-time.ts';
import type { GatewayConfig } from './config/config.ts';
import { brokerCredentials } from './devices/broker-credentials.ts';
import { createDeviceRunner, type DeviceConnection, type DeviceRunner } from './devices/device-runner.ts';
import { createDurableOutbox } from './devices/durable-outbox.ts';
import { createSensingHub } from './devices/sensing-hub.ts';
import { createSiteBrokers } from './devices/site-brokers.ts';
import { machineMark } from './machine-mark.ts';
import { watchEventLoopDelay } from './status/event-loop-delay.ts';
import type { GatewayStatus } from './status/gateway-status.ts';
import { type StatusServer, startStatusServer } from './status/status-server.ts';
import { createTroubleLog } from './status/trouble-log.ts';
import { createConfiguredUplink, forwarderOptions } from './uplink/uplink-from-config.ts';
import { watchDesiredConfig } from './uplink/watch-desired-config.ts';
import { watchIdentity } from './uplink/watch-identity.ts';
import { VERSION } from './version.ts';

const CLOCK_CHECK_MS = 5000;

interface GatewayParts {
  readonly config: GatewayConfig;
  /** The file it was read from: by it a configuration that the cloud wishes for is known to run. */
  readonly configFile?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Simulations hand in lines of their own. */
  readonly openLine?: (device: string) => LineOpener;
  readonly messages?: DeviceMessages;
  readonly uplink?: Uplink;
  /** Instead of the configured password file. */
  readonly uplinkPassword?: string;
  /** Nothing can be made durable any more: the process should end and be started again. Default: throws. */
  readonly onFatal?: (error: Error) => void;
  /** What the operating system knows of its clock; a simulated clock is right. Default: what the machine says. */
  readonly systemTime?: SystemTime | 'trusted';
  /** Virtual time: journal in this thread, an epoch that repeats, no status page. */
  readonly virtual?: { readonly epoch: string; readonly bootId: string };
}

export interface RunningGateway {
  readonly statusUrl: string | undefined;
  readonly brokerPort: number | undefined;
  status(): Promise<GatewayStatus>;
  close(): Promise<void>;
}

export async function startGateway(parts: GatewayParts): Promise<RunningGateway> {
  const { config, clock, random, log } = parts;
  const startedAt = clock.now();
  mkdirSync(config.dataDir, { recursive: true });

  const { virtual } = parts;
  const isSimulated = virtual !== undefined || config.clock !== undefined;
  const clockWatch = createClockWatch({
    clock,
    bootId: virtual?.bootId ?? randomUUID(),
    systemTime: parts.systemTime ?? (isSimulated ? 'trusted' : timesyncd()),
  });
  const journal = await openJournal({
    file: join(config.dataDir, 'journal.db'),
    clock,
    stamp: () => clockWatch.stamp(),
    groupCommitMs: config.journal.groupCommitMs,
    patientCommitMs: config.journal.patientCommitMs,
    maxBytes: config.journal.maxBytes,
    onDied(error) {
      log.fatal({ event: 'journal.died', err: error }, 'nothing can be made durable any more');
      if (parts.onFatal === undefined) throw error;
      parts.onFatal(error);
    },
    ...(virtual === undefined
      ? { host: machineMark(), reserveBytes: config.journal.reserveBytes }
      : { inThread: true, createEpoch: () => virtual.epoch, createBootId: () => virtual.bootId }),
  });
  // What is named last is closed first. The broker goes before its subscribers: it must not take what nobody gets.
  await using starting = new AsyncDisposableStack();
  starting.defer(() => journal.close());

  const checkpoints = takeScale(await journal.checkpoints());
  const steady = createSteadyClock(clock, checkpoints.wallAheadMs);
  const outbox = createDurableOutbox(onWallScale(journal, steady), steady);
  const sensing = createSensingHub(config.readPoints, outbox, steady);
  clockWatch.onEvent((event) => void outbox.append({ events: [event], put: [], drop: [] }).catch(() => {}));
  const runners: DeviceRunner[] = [];
  /** Devices whose driver lives by the wall clock. */
  const wallDevices = new Set<string>();
  let broker: DeviceBroker | undefined;
  const siteBrokers = createSiteBrokers(config, clock, random);
  let forwarder: Forwarder | undefined;
  let page: StatusServer | undefined;
  let clockTimer: Timer | undefined;

  starting.defer(() => forwarder?.close());
  starting.defer(() => sensing.close());
  starting.defer(async () => void (await Promise.all(runners.map((runner) => runner.stop()))));
  starting.defer(() => broker?.close());
  starting.defer(async () => void (await Promise.all([...siteBrokers.values()].map((one) => one.close()))));
  starting.defer(() => outbox.close());
  starting.defer(() => page?.close());
  starting.defer(() => clockTimer?.cancel());

  sensing.restore(checkpoints.rows);

  if (config.broker !== undefined && parts.messages === undefined) {
    const credentials = brokerCredentials(
      config.broker,
      config.dataDir,
      () => randomBytes(12).toString('base64url'),
      log,
    );
    broker = await openDeviceBroker({
      host: config.broker.host,
      port: config.broker.port,
      clock,
      ...(credentials === undefined ? {} : { credentials }),
    });
  }
  const messagesAt = (address: string | undefined): DeviceMessages | undefined => {
    const name = address === undefined ? undefined : parseBrokerAddress(address);
    return parts.messages ?? (name === undefined ? broker : siteBrokers.get(name));
  };

  const connect = (device: GatewayConfig['devices'][number], driver: Driver): DeviceConnection => {
    if (driver.transport === 'messages') {
      const messages = messagesAt(device.address);
      if (messages === undefined) throw new Error(`${device.id}: there is no broker for it to publish to`);
      return { driver, messages };
    }
    const line = parts.openLine?.(device.id) ?? openAddress(device.address ?? '');
    return { driver, line };
  };
  for (const device of config.devices) {
    const kind = findDriver(device.driver);
    if (kind === undefined) throw new Error(`no driver named ${device.driver}`);
    const options = kind.options.parse(device.options);
    const driver = kind.create(device.id, options);
    const livesByWall = kind.timeSource(options) === 'device-clock';
    if (livesByWall) wallDevices.add(device.id);
    const runner = createDeviceRunner({
      device: device.id,
      kind: kind.kind,
      connection: connect(device, driver),
      clock: livesByWall ? clock : steady,
      random,
      onReadings: (readings) =>
        // A device that publishes waits until its reading is taken.
        sensing.accept(
          livesByWall ? fromWallScale(readings, steady) : readings,
          steady.now(),
          kind.transport === 'messages',
        ),
      ...(device.silentAfterMs === undefined ? {} : { silentAfterMs: device.silentAfterMs }),
    });
    runners.push(runner);
    runner.start();
  }
  if (parts.messages === undefined) for (const one of siteBrokers.values()) one.start();

  const uplink = parts.uplink ?? createConfiguredUplink(config, clock, random, parts.uplinkPassword);
  forwarder =
    uplink &&
    createForwarder({
      gateway: config.gateway.id,
      journal,
      uplink,
      clock,
      random,
      options: forwarderOptions(config),
      onAckAt: (at, sentMonotonicMs) => clockWatch.onAckAt(at, sentMonotonicMs),
    });
  forwarder?.start();

  const identity = config.identity && watchIdentity({ ...config.identity, clock, random, log });
  starting.defer(() => identity?.stop());

  const { configFile } = parts;
  const desired =
    virtual === undefined ? watchDesiredConfig({ config, configFile, clock, random, log }) : undefined;
  starting.defer(() => desired?.stop());

  const logTroubles = createTroubleLog(log);
  const checkClock = () => {
    clockWatch.check();
    logTroubles({
      uplink,
      brokers: [...siteBrokers.values()].map((one) => one.status()),
      problem: forwarder?.status().problem,
      devices: config.devices.map(({ id }) => ({ device: id, conditions: sensing.health.open(id) })),
    });
    clockTimer = clock.setTimer(CLOCK_CHECK_MS, 'clock check', checkClock);
  };
  clockTimer = clock.setTimer(CLOCK_CHECK_MS, 'clock check', checkClock);

  const eventLoop = parts.virtual === undefined ? watchEventLoopDelay() : undefined;
  starting.defer(() => eventLoop?.stop());

  const status = async (): Promise<GatewayStatus> => {
    const { held, refused, lastProblem } = outbox.status();
    const aheadMs = steady.wallAheadMs();
    return {
      gateway: config.gateway.id,
      version: VERSION,
      startedAt,
      now: clock.now(),
      clock: clockWatch.status(),
      uplink: { connected: uplink?.connected ?? false, state: uplink?.state ?? 'no uplink configured' },
      ...(identity && { identity: identity.status() }),
      ...(desired && { desiredConfig: desired.status() }),
      journal: { ...(await journal.status()), held, refused, problem: lastProblem },
      forwarder: forwarder?.status(),
      broker: broker && { address: broker.address, ...broker.status() },
      siteBrokers: [...siteBrokers.values()].map((one) => one.status()),
      devices: runners.map((runner) => {
        const device = runner.status();
        const conditions = sensing.health.open(device.device);
        return {
          ...(wallDevices.has(device.device) ? device : onWallTime(device, aheadMs)),
          conditions: conditions.map((one) => ({ ...one, since: one.since + aheadMs })),
        };
      }),
      readPoints: sensing.status().map((point) => onWallTime(point, aheadMs)),
      unroutedReadings: sensing.unrouted(),
      eventLoopDelayP99Seconds: eventLoop?.p99Seconds(),
    };
  };
  if (parts.virtual === undefined) page = await startStatusServer({ ...config.status, status });

  log.info(
    { event: 'gateway.started', gateway: config.gateway.id, epoch: journal.epoch, status: page?.url },
    'gateway started',
  );
  const running = starting.move();
  return {
    statusUrl: page?.url,
    brokerPort: broker?.port,
    status,
    async close() {
      await running.disposeAsync();
      log.info({ event: 'gateway.stopped' }, 'gateway stopped');
    },
  };
}

function openAddress(text: string): LineOpener {
  const address = parseTransportAddress(text);
  switch (address.kind) {
    case 'tcp':
      return createTcpLine(address);
    case 'serial':
      return createSerialLine(address);
  }
}
