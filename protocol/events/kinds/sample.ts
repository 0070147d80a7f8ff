import * as z from 'zod';
import { defineEventKind } from '../event-kind.ts';
import { device, milli, readPoint, time } from '../fields.ts';
import { metricSchema } from '../metrics.ts';

export const sample = defineEventKind({
  type: 'sample',
  lane: 'condition',
  meaning: 'A condition worth keeping: changed by the dead band, crossed a limit, or a heartbeat.',
  fields: {
    readPoint,
    device,
    occurredAt: time.describe('When the sensor took it.'),
    metric: metricSchema.describe('What was measured.'),
    valueMilli: milli.describe('Thousandths of the unit of the metric.'),
    reason: z.enum(['first', 'change', 'heartbeat', 'crossing']).describe('Why it was worth keeping.'),
  },
  isUrgent: ({ reason }) => reason === 'crossing',
  example: {
    type: 'sample',
    readPoint: 'cold-1',
    device: 'bus',
    occurredAt: 1_780_293_600_000,
    metric: 'temperature',
    valueMilli: 4_100,
    reason: 'change',
  },
});
