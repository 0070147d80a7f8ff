/** Every mutation, from the device to the ledger. */
import type { Mutation } from '../mutation.ts';
import { CLOUD_MUTATIONS } from './cloud.ts';
import { DEVICE_MUTATIONS } from './device.ts';
import { FORWARDER_MUTATIONS } from './forwarder.ts';
import { JOURNAL_MUTATIONS } from './journal.ts';

export const MUTATIONS: readonly Mutation[] = [
  ...DEVICE_MUTATIONS,
  ...JOURNAL_MUTATIONS,
  ...FORWARDER_MUTATIONS,
  ...CLOUD_MUTATIONS,
];
