/**
 * Every kind of device the gateway speaks to. Adding one is a folder beside this file and a line here; the
 * registry's test holds all of them to the driver contract.
 */
import type { DriverKind } from './driver.ts';
import { impinjIot } from './impinj-iot/driver.ts';
import { llrp } from './llrp/driver.ts';
import { modbusRtu } from './modbus-rtu/driver.ts';
import { mtSics } from './mt-sics/driver.ts';
import { zigbee2Mqtt } from './zigbee2mqtt/driver.ts';

export const DRIVERS: readonly DriverKind[] = [llrp, impinjIot, mtSics, modbusRtu, zigbee2Mqtt];

export function findDriver(kind: string): DriverKind | undefined {
  return DRIVERS.find((driver) => driver.kind === kind);
}
