import * as z from 'zod';
import { defineEventKind } from '../event-kind.ts';
import { clockReading, monotonicMs } from '../fields.ts';

interface ClockSourceKind {
  readonly meaning: string;
  /** `wallAfter` is the true time. */
  readonly confirms: boolean;
}

export const CLOCK_SOURCES = {
  step: { meaning: 'it jumped, nobody says which side is right', confirms: false },
  system: { meaning: "the system's clock is synchronised", confirms: true },
  cloud: { meaning: 'an ack said the time', confirms: true },
} as const satisfies Record<string, ClockSourceKind>;

export type ClockSource = keyof typeof CLOCK_SOURCES;

const CLOCK_SOURCE_NAMES = Object.keys(CLOCK_SOURCES) as ClockSource[];

/** Its times are readings of clocks, `occurredAt` too: they stay when those of other events are corrected by them. */
export const clock = defineEventKind({
  type: 'clock',
  lane: 'health',
  meaning:
    "The gateway's wall clock stepped, or became trusted. With a source other than `step`, `wallAfter` is the true " +
    "time at `monotonicMs` of this boot, and `wallBefore` what the gateway's own clock said then.",
  fields: {
    occurredAt: clockReading.describe("On the scale of the gateway's wall clock."),
    bootId: z.string().describe('The boot within which `monotonicMs` counts.'),
    monotonicMs: monotonicMs.describe('When, on the clock that only runs forward.'),
    wallBefore: clockReading.describe('What the wall clock said, or would have said.'),
    wallAfter: clockReading.describe('What it says now, or the true time.'),
    source: z
      .enum(CLOCK_SOURCE_NAMES)
      .optional()
      .describe(
        CLOCK_SOURCE_NAMES.map((source) => `\`${source}\`: ${CLOCK_SOURCES[source].meaning}.`).join(' '),
      ),
  },
  example: {
    type: 'clock',
    occurredAt: 86_400_000,
    bootId: 'b7f0c2',
    monotonicMs: 31_250.5,
    wallBefore: 86_400_000,
    wallAfter: 1_780_293_600_000,
    source: 'cloud',
  },
});
