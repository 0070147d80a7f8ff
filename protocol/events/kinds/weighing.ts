import * as z from 'zod';
import { defineEventKind } from '../event-kind.ts';
import { device, milligrams, readPoint, time } from '../fields.ts';

export const weighing = defineEventKind({
  type: 'weighing',
  lane: 'stock',
  meaning: 'A scale came to rest on a new load.',
  fields: {
    readPoint,
    device,
    occurredAt: time.describe('When it came to rest.'),
    netMilligrams: milligrams.describe('What it shows.'),
    previousNetMilligrams: milligrams.optional().describe('What it had settled on before, if anything.'),
    stability: z
      .enum(['device', 'derived'])
      .describe('Who says that it rests: the scale itself, or the gateway from its values.'),
    unit: z.string().describe('The unit as the scale sent it.'),
    raw: z.string().max(256).describe('The line as received, for the record.'),
  },
  example: {
    type: 'weighing',
    readPoint: 'scale-1',
    device: 'bench-scale',
    occurredAt: 1_780_293_600_000,
    netMilligrams: 12_340_000,
    previousNetMilligrams: 0,
    stability: 'device',
    unit: 'kg',
    raw: 'S S      12.340 kg',
  },
});
