/** Options of an LLRP reader in gateway.yaml. Everything has a default: `driver: llrp` and an address will read. */
import * as z from 'zod';

const port = z.int().min(1).max(64);

const startTriggerSchema = z.discriminatedUnion('kind', [
  /** The gateway starts the ROSpec and it runs until the session ends. */
  z.strictObject({ kind: z.literal('null') }),
  /** The reader starts by itself on an input, and stops after `durationMs`. */
  z.strictObject({
    kind: z.literal('gpi'),
    port,
    high: z.boolean().default(true),
    durationMs: z.int().min(100).max(3_600_000).default(10_000),
  }),
]);

export const llrpOptions = z.strictObject({
  /** Antenna ids to read with; empty = all. */
  antennas: z.array(z.int().min(1).max(255)).max(64).default([]),
  /** Gen2 session. 0 repeats a tag as long as it is in the field, 2 and 3 see it once and then rarely. */
  session: z.int().min(0).max(3).default(1),
  /** How many tags to expect in the field at once; tunes the reader's slot count. */
  tagPopulation: z.int().min(1).max(65_535).default(32),
  /** Index into the reader's power table; the reader's own setting when left out. */
  transmitPowerIndex: z.int().min(0).max(65_535).optional(),
  /** Tags per report. 1 reports every sight at once; more saves messages, and then `flushMs` bounds the delay. */
  reportEveryN: z.int().min(1).max(65_535).default(1),
  /** Asks for what the reader holds back, when `reportEveryN` is above 1. */
  flushMs: z.int().min(50).max(60_000).default(500),
  /** Three of these without a word from the reader reopen the line. */
  keepaliveMs: z.int().min(500).max(600_000).default(10_000),
  roSpecId: z.int().min(1).max(0xffff_ffff).default(1),
  /** Inputs to report as channels `gpi-<port>`. */
  gpiPorts: z.array(port).max(64).default([]),
  /** The level that means active: beam broken, door open. */
  gpiActive: z.enum(['high', 'low']).default('high'),
  requestTimeoutMs: z.int().min(200).max(120_000).default(5_000),
  startTrigger: startTriggerSchema.default({ kind: 'null' }),
});

export type LlrpOptions = z.infer<typeof llrpOptions>;
