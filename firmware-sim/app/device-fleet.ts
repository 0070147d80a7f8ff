/**
 * Makes the simulated devices of a scenario and the handles by which the world moves their surroundings. Each
 * device draws from a random stream of its own.
 */
import type { Clock } from '../../protocol/ports/clock.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import type { SimulatedDevice } from '../devices/device.ts';
import type { DeviceKind } from '../devices/device-kind.ts';
import type { DeviceHandles, Handles } from '../devices/handles.ts';
import { deviceKindOf } from '../devices/registry.ts';
import type { Scenario } from '../world/scenario.ts';
import { type DeviceHost, hostDevice } from './device-host.ts';
import { UsageError } from './usage-error.ts';

export interface HostedDevice {
  /** The device id of the gateway's configuration; several Zigbee sensors stand behind one. */
  readonly id: string;
  readonly attachment: DeviceKind['attachment'];
  readonly host: DeviceHost;
}

export interface DeviceFleet {
  readonly devices: readonly HostedDevice[];
  readonly handles: Handles;
}

export function createDevices(scenario: Scenario, seed: number, clock: Clock): DeviceFleet {
  const devices: HostedDevice[] = [];
  const handles = new Map<string, DeviceHandles>();
  for (const plan of scenario.devices) {
    const kind = deviceKindOf(plan);
    const hosts = new Map<SimulatedDevice, DeviceHost>();
    const unit = kind.create(plan.options, {
      random: seededRandom(seed, `device/${plan.id}`),
      now: () => clock.now(),
      changed: (device) => hosts.get(device)?.poke(),
    });
    for (const device of unit.devices) {
      const host = hostDevice(plan.id, device, clock);
      hosts.set(device, host);
      devices.push({ id: plan.id, attachment: kind.attachment, host });
    }
    handles.set(plan.id, unit.handles);
  }
  return { devices, handles: handlesOf(handles) };
}

function handlesOf(byDevice: ReadonlyMap<string, DeviceHandles>): Handles {
  const found = <T>(handle: T | undefined, what: string, name: string): T => {
    if (handle === undefined) throw new UsageError(`places: there is no ${what} ${name} among the devices`);
    return handle;
  };
  return {
    reader: (device) => found(byDevice.get(device)?.reader, 'reader', device),
    scale: (device) => found(byDevice.get(device)?.scale, 'scale', device),
    probe: (device, channel) =>
      found(byDevice.get(device)?.probes?.get(channel), 'probe', `${device}/${channel}`),
    contact: (device, channel) =>
      found(byDevice.get(device)?.contacts?.get(channel), 'contact', `${device}/${channel}`),
    faults: (device) => found(byDevice.get(device)?.faults, 'breakable device', device),
  };
}
