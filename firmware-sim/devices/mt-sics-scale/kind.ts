/** The Mettler-Toledo scale as a kind of simulated device. */
import * as z from 'zod';
import type { DeviceKind } from '../device-kind.ts';
import { knownFault } from '../faults.ts';
import { MtSicsScale, READABILITY_MILLIGRAMS, SCALE_FAULTS } from './mt-sics-scale.ts';

const options = z.strictObject({
  capacityMilligrams: z.int().positive().default(60_000_000),
});

export const mtSicsScale: DeviceKind<z.infer<typeof options>> = {
  model: 'mt-sics-scale',
  attachment: 'serial',
  options,
  driver: 'mt-sics',
  driverOptions: () => ({}),
  handles: ['scale', 'faults'],
  probeFaults: {},
  deviceFaults: SCALE_FAULTS,
  create(options, { random, now, changed }) {
    const scale = new MtSicsScale({ random, ...options });
    return {
      devices: [scale],
      handles: {
        scale: {
          toleranceMilligrams: READABILITY_MILLIGRAMS / 2,
          setLoadMilligrams(load) {
            scale.setLoadMilligrams(load, now());
            changed(scale);
          },
        },
        faults: {
          faults: SCALE_FAULTS,
          setFault: (fault) => scale.setFault(knownFault(SCALE_FAULTS, fault)),
        },
      },
    };
  },
};
