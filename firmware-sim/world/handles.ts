/** What the world can do to a device: the physical side of it. The host wires these to the simulated devices. */
import type { TagInField } from '../devices/device.ts';

export interface ReaderHandle {
  setTags(tags: readonly TagInField[]): void;
  setGpi(port: number, high: boolean): void;
}

export interface ScaleHandle {
  setLoadMilligrams(load: number): void;
}

export interface ProbeHandle {
  setTemperatureMilliCelsius(value: number): void;
  setHumidityMilliPercent(value: number): void;
  /** Undefined mends it. */
  setFault(fault: string | undefined): void;
}

export interface ContactHandle {
  setOpen(open: boolean): void;
}

export interface Handles {
  reader(device: string): ReaderHandle;
  scale(device: string): ScaleHandle;
  probe(device: string, channel: string): ProbeHandle;
  contact(device: string, channel: string): ContactHandle;
}
