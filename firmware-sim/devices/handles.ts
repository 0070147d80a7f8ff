/** What the world can do to a device: the physical side of it. Each kind makes the ones its devices have. */
import type { TagInField } from './device.ts';
import type { FaultHandle } from './faults.ts';

export interface ReaderHandle {
  setTags(tags: readonly TagInField[]): void;
  setGpi(port: number, high: boolean): void;
}

interface ScaleHandle {
  /** What its indication may be off by: half a division. */
  readonly toleranceMilligrams: number;
  setLoadMilligrams(load: number): void;
}

export interface ProbeHandle extends FaultHandle {
  setTemperatureMilliCelsius(value: number): void;
  setHumidityMilliPercent(value: number): void;
}

export interface ContactHandle {
  setOpen(open: boolean): void;
}

/** The handles of one device, those of its channels by the channel's name in readings. */
export interface DeviceHandles {
  readonly reader?: ReaderHandle;
  readonly scale?: ScaleHandle;
  readonly probes?: ReadonlyMap<string, ProbeHandle>;
  readonly contacts?: ReadonlyMap<string, ContactHandle>;
  /** Of the device as a whole. */
  readonly faults?: FaultHandle;
}

/** The handles of all devices of a site. Each throws when there is no such device or channel. */
export interface Handles {
  reader(device: string): ReaderHandle;
  scale(device: string): ScaleHandle;
  probe(device: string, channel: string): ProbeHandle;
  contact(device: string, channel: string): ContactHandle;
  faults(device: string): FaultHandle;
}
