/**
 * A gateway as a process of its own under load: readers on TCP lines, sensors on two Modbus buses and on the
 * gateway's own broker. Its processor time and memory are read from /proc, so none of the simulation is counted.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { connectToBroker } from '../../firmware-sim/app/broker-clients.ts';
import { hostDevice } from '../../firmware-sim/app/device-host.ts';
import { serveOverTcp } from '../../firmware-sim/app/lines.ts';
import { ModbusSlaves } from '../../firmware-sim/devices/modbus-slaves/modbus-slaves.ts';
import { ZigbeeSensor } from '../../firmware-sim/devices/zigbee-sensor/zigbee-sensor.ts';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { answers, freePort, startProcess, until } from '../support/processes.ts';
import { type BusyReaders, portalOf, startBusyReaders } from './busy-readers.ts';

/** USER_HZ: the unit of times in /proc/<pid>/stat on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const BUSES = 2;
const MOVE_MS = 1000;

interface BusyGateway {
  readonly pid: number;
  cpuSeconds(): number;
  rssBytes(): number;
  peakRssBytes(): number;
  status(): Promise<{
    devices: { device: string; readings: number }[];
    journal: { lanes: Record<string, { waiting: number; lastSeq: number }> };
    eventLoopDelayP99Seconds?: number;
  }>;
  close(): Promise<void>;
}

/** `folder` is the gateway's data folder; a journal that lies there is its backlog. */
export async function startBusyGateway(options: {
  folder: string;
  readers: number;
  sensors: number;
  uplinkUrl?: string;
}): Promise<BusyGateway> {
  const { folder, sensors } = options;
  const readers = await startBusyReaders(options.readers);
  const field = await startSensors(sensors);
  const [statusPort, brokerPort] = await Promise.all([freePort(), freePort()]);
  const config = join(folder, 'gateway.yaml');
  writeFileSync(config, stringify(gatewayConfig(options, { readers, field, statusPort, brokerPort })));
  // As `npm run gateway` starts it, from the second time on.
  const start = () =>
    startProcess(process.execPath, ['gateway/app/main.ts', '--config', config], {
      NODE_COMPILE_CACHE: 'node_modules/.cache/tallyport',
      MALLOC_ARENA_MAX: '1',
    });
  const first = start();
  await until('the first gateway to answer', () => answers(`http://127.0.0.1:${statusPort}/healthz`), 60_000);
  await first.stop();
  const gateway = start();
  const url = `http://127.0.0.1:${statusPort}`;
  await until('the gateway to answer', () => answers(`${url}/healthz`), 60_000).catch((error: Error) => {
    throw new Error(`${error.message}: ${gateway.output()}`);
  });
  const stopPublishing = await connectToBroker(`mqtt://127.0.0.1:${brokerPort}`, field.zigbee);
  const memory = (name: string) => {
    const text = readFileSync(`/proc/${gateway.pid}/status`, 'utf8');
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024;
  };
  return {
    pid: gateway.pid,
    cpuSeconds() {
      // Behind the name in brackets: utime and stime are fields 14 and 15 of the line.
      const fields = readFileSync(`/proc/${gateway.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
    rssBytes: () => memory('VmRSS'),
    peakRssBytes: () => memory('VmHWM'),
    status: async () => (await fetch(`${url}/status.json`)).json(),
    async close() {
      await stopPublishing();
      await gateway.stop();
      await readers.close();
      await field.close();
    },
  };
}

interface SensorField {
  readonly buses: readonly { address: string; units: number }[];
  readonly zigbee: Parameters<typeof connectToBroker>[1];
  readonly zigbeeNames: readonly string[];
  close(): Promise<void>;
}

/** Three of five sensors on buses, polled every second; the rest publish. Every second all of them change. */
async function startSensors(count: number): Promise<SensorField> {
  const clock = systemClock();
  const onBuses = Math.ceil((count * 3) / 5);
  const random = seededRandom('bench', 'sensors');
  const buses = await Promise.all(
    Array.from({ length: count === 0 ? 0 : BUSES }, async (_, n) => {
      const units = Math.floor((onBuses + n) / BUSES);
      const addresses = Array.from({ length: units }, (_, unit) => ({
        address: unit + 1,
        model: 'xy-md02' as const,
      }));
      const slaves = new ModbusSlaves({ random: seededRandom('bench', `bus/${n}`), units: addresses });
      const host = hostDevice(`bus-${n}`, slaves, clock);
      return { slaves, units, line: await serveOverTcp(host, 0) };
    }),
  );
  const zigbeeNames = Array.from({ length: count - onBuses }, (_, n) => `sensor-${n}`);
  const zigbee = zigbeeNames.map((friendlyName) => {
    const sensor = new ZigbeeSensor({ friendlyName, baseTopic: 'zigbee2mqtt' });
    return { sensor, host: hostDevice(friendlyName, sensor, clock) };
  });
  const timer = setInterval(() => {
    const degrees = () => 3000 + random.integer(0, 2000);
    for (const { slaves, units } of buses) {
      for (let unit = 1; unit <= units; unit++) slaves.setTemperatureMilliCelsius(unit, degrees());
    }
    for (const { sensor, host } of zigbee) {
      sensor.setTemperatureMilliCelsius(degrees());
      host.poke();
    }
  }, MOVE_MS);
  return {
    buses: buses.map(({ line, units }) => ({ address: line.address, units })),
    zigbeeNames,
    zigbee: zigbee.map(({ host }, n) => ({ id: `sensor-${n}`, host })),
    async close() {
      clearInterval(timer);
      await Promise.all(buses.map(({ line }) => line.close()));
    },
  };
}

function gatewayConfig(
  { folder, uplinkUrl }: { folder: string; uplinkUrl?: string },
  site: { readers: BusyReaders; field: SensorField; statusPort: number; brokerPort: number },
) {
  const { readers, field, statusPort, brokerPort } = site;
  const metrics = { temperature: { deadBandMilli: 100 } };
  const condition = (id: string, device: string, channel: string) => {
    return { id, kind: 'condition', device, channel, metrics, heartbeatMs: 60_000 };
  };
  const channelsOf = (units: number) => Array.from({ length: units }, (_, unit) => String(unit + 1));
  return {
    gateway: { id: 'gw-bench' },
    dataDir: folder,
    status: { port: statusPort },
    broker: { port: brokerPort },
    ...(uplinkUrl === undefined ? {} : { uplink: { url: uplinkUrl } }),
    devices: [
      ...readers.addresses.map((address, n) => ({ id: `reader-${n}`, driver: 'llrp', address })),
      ...field.buses.map(({ address, units }, n) => ({
        id: `bus-${n}`,
        driver: 'modbus-rtu',
        address,
        options: {
          pollMs: MOVE_MS,
          units: channelsOf(units).map((unit) => ({ address: Number(unit), profile: 'xy-md02' })),
        },
      })),
      ...(field.zigbeeNames.length === 0 ? [] : [{ id: 'zigbee', driver: 'zigbee2mqtt' }]),
    ],
    readPoints: [
      ...readers.addresses.map((_, n) => portalOf(n)),
      ...field.buses.flatMap(({ units }, n) =>
        channelsOf(units).map((unit) => condition(`bus-${n}-${unit}`, `bus-${n}`, unit)),
      ),
      ...field.zigbeeNames.map((name) => condition(name, 'zigbee', name)),
    ],
  };
}
