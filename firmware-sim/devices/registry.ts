/**
 * Every kind of device that can be simulated. Adding one is a folder beside this file and a line here; the
 * registry's test holds all of them to the contract of device-kind.ts.
 */
import type { DeviceKind } from './device-kind.ts';
import { impinjReader } from './impinj-reader/kind.ts';
import { llrpReader } from './llrp-reader/kind.ts';
import { modbusSlaves } from './modbus-slaves/kind.ts';
import { mtSicsScale } from './mt-sics-scale/kind.ts';
import { zigbeeSensor } from './zigbee-sensor/kind.ts';

export const DEVICE_KINDS: readonly [DeviceKind, ...DeviceKind[]] = [
  llrpReader,
  impinjReader,
  mtSicsScale,
  modbusSlaves,
  zigbeeSensor,
];

/** Throws for a model that no kind has: plans are checked when they are read. */
export function deviceKindOf(plan: { readonly model: string }): DeviceKind {
  const kind = DEVICE_KINDS.find(({ model }) => model === plan.model);
  if (kind === undefined) throw new RangeError(`there is no simulated device "${plan.model}"`);
  return kind;
}
