/** The Impinj R700 on its IoT device interface as a kind of simulated device. */
import * as z from 'zod';
import type { DeviceKind } from '../device-kind.ts';
import { ANTENNA_FAULTS, readerHandles } from '../shared/reader-handle.ts';
import { ImpinjReader } from './impinj-reader.ts';

const options = z.strictObject({
  /** The reader's `eventTopic`. */
  topic: z.string(),
  /** `impinj-` and the last three bytes of its MAC address. */
  hostname: z.string().default('impinj-01-23-45'),
});

export const impinjReader: DeviceKind<z.infer<typeof options>> = {
  model: 'impinj-reader',
  attachment: 'broker',
  options,
  driver: 'impinj-iot',
  driverOptions: ({ topic }) => ({ topic }),
  handles: ['reader', 'faults'],
  probeFaults: {},
  deviceFaults: ANTENNA_FAULTS,
  create(options, { random, changed }) {
    const reader = new ImpinjReader({ random, ...options });
    return { devices: [reader], handles: readerHandles(reader, () => changed(reader)) };
  },
};
