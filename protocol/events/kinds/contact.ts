import * as z from 'zod';
import { defineEventKind } from '../event-kind.ts';
import { device, readPoint, time } from '../fields.ts';

export const contact = defineEventKind({
  type: 'contact',
  lane: 'condition',
  meaning: 'A door or lid opened or closed.',
  fields: {
    readPoint,
    device,
    occurredAt: time.describe('When the contact changed.'),
    state: z.enum(['open', 'closed']).describe('What it is since.'),
  },
  example: {
    type: 'contact',
    readPoint: 'cold-door',
    device: 'z2m',
    occurredAt: 1_780_293_600_000,
    state: 'open',
  },
});
