import * as z from 'zod';
import { defineEventKind } from '../event-kind.ts';
import { device as deviceField, readPoint, time } from '../fields.ts';

export const device = defineEventKind({
  type: 'device',
  lane: 'health',
  meaning: 'A device changed its own condition: connected, silent, overloaded, probe open, battery low.',
  fields: {
    device: deviceField,
    readPoint: readPoint.optional().describe('The place that it concerns, where it is one.'),
    occurredAt: time.describe('When the gateway knew it.'),
    condition: z
      .string()
      .min(1)
      .max(64)
      .describe('A code; those this version knows stand under "Device conditions".'),
    active: z.boolean().describe('True when it begins or happens, false when it is over.'),
    detail: z.string().max(500).describe('For people.'),
  },
  example: {
    type: 'device',
    device: 'portal-1/2',
    occurredAt: 1_780_293_600_000,
    condition: 'ANTENNA_DISCONNECTED',
    active: true,
    detail: 'antenna 2 disconnected',
  },
});
