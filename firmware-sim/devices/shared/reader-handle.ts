/** What the world can do to a reader, whatever it speaks: tags, inputs, antenna cables. */
import type { SimulatedDevice, TagInField } from '../device.ts';
import { type DeviceFault, knownFault } from '../faults.ts';
import type { DeviceHandles } from '../handles.ts';

interface Reader {
  setTags(tags: readonly TagInField[]): void;
  setGpi(port: number, high: boolean): void;
  setAntennaConnected(antenna: number, connected: boolean): void;
}

const ANTENNA_OF = { 'antenna-1': 1, 'antenna-2': 2, 'antenna-3': 3, 'antenna-4': 4 } as const;
type AntennaFault = keyof typeof ANTENNA_OF;

const cableOff = (antenna: number): DeviceFault => ({
  what: `the cable of antenna ${antenna} is off`,
  raises: ['DEVICE_FAULT'],
  channel: String(antenna),
});

export const ANTENNA_FAULTS: Readonly<Record<AntennaFault, DeviceFault>> = {
  'antenna-1': cableOff(1),
  'antenna-2': cableOff(2),
  'antenna-3': cableOff(3),
  'antenna-4': cableOff(4),
};

export function readerHandles(reader: Reader & SimulatedDevice, changed: () => void): DeviceHandles {
  let broken: AntennaFault | undefined;
  return {
    reader: {
      setTags(tags) {
        reader.setTags(tags);
        changed();
      },
      setGpi(port, high) {
        reader.setGpi(port, high);
        changed();
      },
    },
    faults: {
      faults: ANTENNA_FAULTS,
      setFault(fault) {
        const next = knownFault(ANTENNA_FAULTS, fault);
        if (broken !== undefined) reader.setAntennaConnected(ANTENNA_OF[broken], true);
        broken = next;
        if (next !== undefined) reader.setAntennaConnected(ANTENNA_OF[next], false);
        changed();
      },
    },
  };
}
