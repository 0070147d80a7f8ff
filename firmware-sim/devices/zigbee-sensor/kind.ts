/** Sensors behind a Zigbee2MQTT bridge as a kind of simulated device. */
import * as z from 'zod';
import type { DeviceKind } from '../device-kind.ts';
import { knownFault } from '../faults.ts';
import type { ContactHandle, ProbeHandle } from '../handles.ts';
import { ZIGBEE_FAULTS, ZigbeeSensor } from './zigbee-sensor.ts';

const options = z.strictObject({
  /** Zigbee2MQTT's `mqtt.base_topic`. */
  baseTopic: z.string().default('zigbee2mqtt'),
  /** Friendly names. */
  sensors: z.array(z.string()).min(1),
});

export const zigbeeSensor: DeviceKind<z.infer<typeof options>> = {
  model: 'zigbee-sensor',
  attachment: 'broker',
  options,
  driver: 'zigbee2mqtt',
  driverOptions: ({ baseTopic }) => ({ baseTopic }),
  handles: ['probes', 'contacts'],
  probeFaults: ZIGBEE_FAULTS,
  deviceFaults: {},
  create({ baseTopic, sensors }, { changed }) {
    const devices = sensors.map((friendlyName) => ({
      friendlyName,
      sensor: new ZigbeeSensor({ friendlyName, baseTopic }),
    }));
    const probe = (sensor: ZigbeeSensor): ProbeHandle => ({
      setTemperatureMilliCelsius(value) {
        sensor.setTemperatureMilliCelsius(value);
        changed(sensor);
      },
      setHumidityMilliPercent(value) {
        sensor.setHumidityMilliPercent(value);
        changed(sensor);
      },
      faults: ZIGBEE_FAULTS,
      setFault(fault) {
        const known = knownFault(ZIGBEE_FAULTS, fault);
        switch (known) {
          case undefined:
          case 'open':
            sensor.setReachable(true);
            sensor.setFault(known);
            break;
          case 'unreachable':
            sensor.setReachable(false);
            sensor.setFault(undefined);
            break;
        }
        changed(sensor);
      },
    });
    const contact = (sensor: ZigbeeSensor): ContactHandle => ({
      setOpen(open) {
        sensor.setOpen(open);
        changed(sensor);
      },
    });
    return {
      devices: devices.map(({ sensor }) => sensor),
      handles: {
        probes: new Map(devices.map(({ friendlyName, sensor }) => [friendlyName, probe(sensor)])),
        contacts: new Map(devices.map(({ friendlyName, sensor }) => [friendlyName, contact(sensor)])),
      },
    };
  },
};
