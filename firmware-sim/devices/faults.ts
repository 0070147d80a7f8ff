/** Faults that a device can have. Each kind brings its own; faults of links are another matter. */
export interface DeviceFault {
  /** What is broken, in a line. */
  readonly what: string;
  /**
   * The exception that the cloud has to raise while it lasts, about the probe's read point, or the device; none when
   * nobody can see it from outside.
   */
  readonly exception?: 'SENSOR_FAULT' | 'DEVICE_FAULT';
}

/** By the name that a scenario gives. */
export type DeviceFaults = Readonly<Record<string, DeviceFault>>;

/** One thing that can break: a device, or one probe of it. */
export interface FaultHandle {
  readonly faults: DeviceFaults;
  /** One of `faults`; undefined mends it. */
  setFault(fault: string | undefined): void;
}

/** Narrows a scenario's word to one of a kind's faults. Throws when it is none of them. */
export function knownFault<Name extends string>(
  faults: Readonly<Record<Name, DeviceFault>>,
  fault: string | undefined,
): Name | undefined {
  if (fault === undefined || isFault(faults, fault)) return fault;
  throw new RangeError(`"${fault}" is not one of ${Object.keys(faults).join(', ')}`);
}

function isFault<Name extends string>(
  faults: Readonly<Record<Name, DeviceFault>>,
  name: string,
): name is Name {
  return Object.hasOwn(faults, name);
}
