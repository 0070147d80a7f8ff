/** Faults that a device can have. Each kind brings its own; faults of links are another matter. */
export interface DeviceFault {
  /** What is broken, in a line. */
  readonly what: string;
  /** What the cloud has to raise while it lasts, each once; empty when nobody can see it from outside. */
  readonly raises: readonly (keyof typeof SUBJECT_OF)[];
  /** Where one part of a device breaks: its channel in readings. */
  readonly channel?: string;
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

interface BrokenPart {
  readonly device: string;
  readonly channel?: string;
  readonly readPoint?: string;
}

const partOf = ({ device, channel }: BrokenPart) => (channel === undefined ? device : `${device}/${channel}`);

/** What each exception that a fault can call for is about. */
const SUBJECT_OF = {
  SENSOR_FAULT: (part: BrokenPart) => part.readPoint ?? partOf(part),
  DEVICE_FAULT: partOf,
  /** What came garbled is lost. */
  DATA_GAP: ({ device }: BrokenPart) => device,
} as const;

/** The exceptions that a fault calls for, as `kind subject`. */
export function exceptionsOf({ raises, channel }: DeviceFault, at: BrokenPart): string[] {
  const part = channel === undefined ? at : { ...at, channel };
  return raises.map((kind) => `${kind} ${SUBJECT_OF[kind](part)}`);
}
