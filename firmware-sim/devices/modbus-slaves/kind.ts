/** Sensors on one Modbus RTU bus as a kind of simulated device. */
import * as z from 'zod';
import type { DeviceKind } from '../device-kind.ts';
import { knownFault } from '../faults.ts';
import type { ProbeHandle } from '../handles.ts';
import { MODBUS_FAULTS, ModbusSlaves } from './modbus-slaves.ts';

const options = z.strictObject({
  units: z
    .array(z.strictObject({ address: z.int().min(1).max(247), profile: z.enum(['xy-md02', 'pt100-rtd']) }))
    .min(1),
});

export const modbusSlaves: DeviceKind<z.infer<typeof options>> = {
  model: 'modbus-slaves',
  attachment: 'serial',
  options,
  driver: 'modbus-rtu',
  driverOptions: ({ units }) => ({
    units: units.map(({ address, profile }) => ({ address, profile, channel: String(address) })),
  }),
  handles: ['probes'],
  probeFaults: MODBUS_FAULTS,
  deviceFaults: {},
  create({ units }, { random, changed }) {
    const bus = new ModbusSlaves({
      random,
      units: units.map(({ address, profile }) => ({ address, model: profile })),
    });
    const probe = (address: number): ProbeHandle => ({
      // It measures when it is asked: no need for a tick.
      setTemperatureMilliCelsius: (value) => bus.setTemperatureMilliCelsius(address, value),
      setHumidityMilliPercent: (value) => bus.setHumidityMilliPercent(address, value),
      faults: MODBUS_FAULTS,
      setFault(fault) {
        bus.setFault(address, knownFault(MODBUS_FAULTS, fault));
        changed(bus);
      },
    });
    return {
      devices: [bus],
      handles: { probes: new Map(units.map(({ address }) => [String(address), probe(address)])) },
    };
  },
};
