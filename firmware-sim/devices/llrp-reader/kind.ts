/** The LLRP reader as a kind of simulated device. */
import * as z from 'zod';
import type { DeviceKind } from '../device-kind.ts';
import { ANTENNA_FAULTS, readerHandles } from '../shared/reader-handle.ts';
import { LlrpReader } from './llrp-reader.ts';

const options = z.strictObject({
  version: z.enum(['1.0.1', '1.1']).default('1.1'),
  /** Leaves out values that have not changed since they were last reported. */
  omitUnchanged: z.boolean().default(false),
});

export const llrpReader: DeviceKind<z.infer<typeof options>> = {
  model: 'llrp-reader',
  attachment: 'network',
  options,
  driver: 'llrp',
  driverOptions: () => ({}),
  handles: ['reader', 'faults'],
  probeFaults: {},
  deviceFaults: ANTENNA_FAULTS,
  create(options, { random, changed }) {
    const reader = new LlrpReader({ random, ...options });
    return { devices: [reader], handles: readerHandles(reader, () => changed(reader)) };
  },
};
