/**
 * Makes the simulated devices of a scenario and the handles by which the world moves their surroundings. Each
 * device draws from a random stream of its own.
 */
import * as z from 'zod';
import type { Clock } from '../../protocol/ports/clock.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import type { SimulatedDevice } from '../devices/device.ts';
import { ImpinjReader } from '../devices/impinj-reader.ts';
import { LlrpReader } from '../devices/llrp-reader/llrp-reader.ts';
import { type ModbusFault, ModbusSlaves } from '../devices/modbus-slaves.ts';
import { MtSicsScale } from '../devices/mt-sics-scale.ts';
import { ZigbeeSensor } from '../devices/zigbee-sensor.ts';
import type { ContactHandle, Handles, ProbeHandle, ReaderHandle, ScaleHandle } from '../world/handles.ts';
import type { Scenario } from '../world/scenario.ts';
import { type DeviceHost, hostDevice } from './device-host.ts';
import { UsageError } from './usage-error.ts';

export interface HostedDevice {
  /** The device id of the gateway's configuration; several Zigbee sensors stand behind one. */
  readonly id: string;
  readonly driver: string;
  readonly transport: SimulatedDevice['transport'];
  readonly host: DeviceHost;
  /** What a second client is told before it is hung up on. */
  readonly reject: (now: number) => Uint8Array[];
}

export interface DeviceFleet {
  readonly devices: readonly HostedDevice[];
  readonly handles: Handles;
}

const DRIVER_OF: Record<Scenario['devices'][number]['model'], string> = {
  'llrp-reader': 'llrp',
  'impinj-reader': 'impinj-iot',
  'mt-sics-scale': 'mt-sics',
  'modbus-slaves': 'modbus-rtu',
  'zigbee-sensor': 'zigbee2mqtt',
};

const OPTIONS = {
  'llrp-reader': z.strictObject({
    version: z.enum(['1.0.1', '1.1']).default('1.1'),
    omitUnchanged: z.boolean().default(false),
  }),
  'impinj-reader': z.strictObject({ topic: z.string(), hostname: z.string().optional() }),
  'mt-sics-scale': z.strictObject({ capacityMilligrams: z.int().positive().optional() }),
  'modbus-slaves': z.strictObject({
    units: z.array(
      z.strictObject({ address: z.int().min(1).max(247), profile: z.enum(['xy-md02', 'pt100-rtd']) }),
    ),
  }),
  'zigbee-sensor': z.strictObject({
    baseTopic: z.string().default('zigbee2mqtt'),
    sensors: z.array(z.string()).min(1),
  }),
};

export function createDevices(scenario: Scenario, seed: number, clock: Clock): DeviceFleet {
  const devices: HostedDevice[] = [];
  const readers = new Map<string, ReaderHandle>();
  const scales = new Map<string, ScaleHandle>();
  const probes = new Map<string, ProbeHandle>();
  const contacts = new Map<string, ContactHandle>();

  for (const plan of scenario.devices) {
    const random = seededRandom(seed, `device/${plan.id}`);
    const add = (device: SimulatedDevice, reject: (now: number) => Uint8Array[] = () => []): DeviceHost => {
      const host = hostDevice(plan.id, device, clock);
      devices.push({ id: plan.id, driver: DRIVER_OF[plan.model], transport: device.transport, host, reject });
      return host;
    };
    const options = <T>(schema: z.ZodType<T>): T => {
      const parsed = schema.safeParse(plan.options);
      if (!parsed.success) {
        throw new UsageError(`devices: ${plan.id}: options: ${z.prettifyError(parsed.error)}`);
      }
      return parsed.data;
    };
    switch (plan.model) {
      case 'llrp-reader': {
        const reader = new LlrpReader({ random, ...options(OPTIONS['llrp-reader']) });
        const host = add(reader, (now) => [...reader.rejectSecondClient(now)]);
        readers.set(plan.id, readerHandle(reader, host));
        break;
      }
      case 'impinj-reader': {
        const { topic, hostname } = options(OPTIONS['impinj-reader']);
        const reader = new ImpinjReader({ random, topic, ...(hostname === undefined ? {} : { hostname }) });
        readers.set(plan.id, readerHandle(reader, add(reader)));
        break;
      }
      case 'mt-sics-scale': {
        const { capacityMilligrams } = options(OPTIONS['mt-sics-scale']);
        const scale = new MtSicsScale({
          random,
          ...(capacityMilligrams === undefined ? {} : { capacityMilligrams }),
        });
        const host = add(scale);
        scales.set(plan.id, {
          setLoadMilligrams(load) {
            scale.setLoadMilligrams(load, clock.now());
            host.poke();
          },
        });
        break;
      }
      case 'modbus-slaves': {
        const { units } = options(OPTIONS['modbus-slaves']);
        const bus = new ModbusSlaves({
          random,
          units: units.map(({ address, profile }) => ({ address, model: profile })),
        });
        const host = add(bus);
        for (const { address } of units) {
          probes.set(`${plan.id}/${address}`, busProbe(bus, address, host));
        }
        break;
      }
      case 'zigbee-sensor': {
        const { baseTopic, sensors } = options(OPTIONS['zigbee-sensor']);
        for (const friendlyName of sensors) {
          const sensor = new ZigbeeSensor({ friendlyName, baseTopic });
          const host = add(sensor);
          probes.set(`${plan.id}/${friendlyName}`, zigbeeProbe(sensor, host));
          contacts.set(`${plan.id}/${friendlyName}`, {
            setOpen(open) {
              sensor.setContact(!open);
              host.poke();
            },
          });
        }
      }
    }
  }

  const found = <T>(map: ReadonlyMap<string, T>, name: string, what: string): T => {
    const handle = map.get(name);
    if (handle === undefined) throw new UsageError(`places: there is no ${what} ${name} among the devices`);
    return handle;
  };
  return {
    devices,
    handles: {
      reader: (device) => found(readers, device, 'reader'),
      scale: (device) => found(scales, device, 'scale'),
      probe: (device, channel) => found(probes, `${device}/${channel}`, 'probe'),
      contact: (device, channel) => found(contacts, `${device}/${channel}`, 'contact'),
    },
  };
}

function readerHandle(
  reader: { setTags: ReaderHandle['setTags']; setGpi(port: number, high: boolean): void },
  host: DeviceHost,
): ReaderHandle {
  return {
    setTags(tags) {
      reader.setTags(tags);
      host.poke();
    },
    setGpi(port, high) {
      reader.setGpi(port, high);
      host.poke();
    },
  };
}

const MODBUS_FAULTS: readonly ModbusFault[] = [
  'open',
  'short',
  'sentinel',
  'power-on',
  'busy',
  'bad-crc',
  'silent',
];

function busProbe(bus: ModbusSlaves, address: number, host: DeviceHost): ProbeHandle {
  return {
    setTemperatureMilliCelsius: (value) => bus.setTemperatureMilliCelsius(address, value),
    setHumidityMilliPercent: (value) => bus.setHumidityMilliPercent(address, value),
    setFault(fault) {
      const known = MODBUS_FAULTS.find((one) => one === fault);
      if (fault !== undefined && known === undefined) {
        throw new UsageError(`probe-fault: "${fault}" is not one of ${MODBUS_FAULTS.join(', ')}`);
      }
      bus.setFault(address, known);
      host.poke();
    },
  };
}

function zigbeeProbe(sensor: ZigbeeSensor, host: DeviceHost): ProbeHandle {
  return {
    setTemperatureMilliCelsius(value) {
      sensor.setTemperatureMilliCelsius(value);
      host.poke();
    },
    setHumidityMilliPercent(value) {
      sensor.setHumidityMilliPercent(value);
      host.poke();
    },
    setFault(fault) {
      sensor.setFault(fault);
      host.poke();
    },
  };
}
