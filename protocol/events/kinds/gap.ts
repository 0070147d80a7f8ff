import * as z from 'zod';
import { defineEventKind } from '../event-kind.ts';
import { count, time } from '../fields.ts';

export const gap = defineEventKind({
  type: 'gap',
  lane: 'health',
  meaning: "Something was lost and we know it: thinned lane rows, a reader's buffer overflow. Never silent.",
  fields: {
    occurredAt: time.describe('When the loss was known.'),
    scope: z.enum(['lane', 'device']).describe('What was lost: rows of a lane, or readings of a device.'),
    lane: z.string().optional().describe('The lane, where only one lost something.'),
    device: z.string().optional().describe('The device whose readings were lost.'),
    from: time.describe('The oldest that was lost.'),
    to: time.describe('The newest that was lost.'),
    lost: count.optional().describe('How many, when known.'),
    reason: z.string().max(200).describe('For people.'),
  },
  example: {
    type: 'gap',
    occurredAt: 1_780_293_600_000,
    scope: 'lane',
    lane: 'condition',
    from: 1_779_688_800_000,
    to: 1_779_692_400_000,
    lost: 500,
    reason: 'journal over its byte limit: every second event dropped',
  },
});
