/**
 * What the simulator knows about one kind of device, in one record: its options in scenario.yaml, the entry in
 * gateway.yaml that reads it, how it hangs there, what the world can do to it, and how it can break. A kind lives in
 * a folder named as its model; its README.md explains it and shows an entry of a scenario.
 */
import type * as z from 'zod';
import type { Random } from '../../protocol/ports/random.ts';
import type { SimulatedDevice } from './device.ts';
import type { DeviceFaults } from './faults.ts';
import type { DeviceHandles } from './handles.ts';

export interface DeviceKind<Options = unknown> {
  /** Its `model` in scenario.yaml, and its folder. */
  readonly model: string;
  /** How the real thing hangs on the gateway. */
  readonly attachment: 'serial' | 'network' | 'broker';
  /** `options` in scenario.yaml; strict. */
  readonly options: z.ZodType<Options>;
  /** The gateway's driver for it. */
  readonly driver: string;
  /** Options of that driver which follow from the device's own; a scenario may give more, or others. */
  driverOptions(options: Options): Readonly<Record<string, unknown>>;
  /** What the world can do to it. */
  readonly handles: readonly (keyof DeviceHandles)[];
  /** How each of its probes can break. */
  readonly probeFaults: DeviceFaults;
  /** How the whole device can break. */
  readonly deviceFaults: DeviceFaults;
  create(options: Options, surroundings: DeviceEnvironment): SimulatedUnit;
}

/** What a kind makes its devices from. */
interface DeviceEnvironment {
  /** A stream of its own for every device of a scenario. */
  readonly random: Random;
  now(): number;
  /** The world changed something that makes the device want another tick. */
  changed(device: SimulatedDevice): void;
}

interface SimulatedUnit {
  /** What hangs on the gateway under one device id: one line, or one client of the broker each. */
  readonly devices: readonly SimulatedDevice[];
  readonly handles: DeviceHandles;
}
