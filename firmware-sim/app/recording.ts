/**
 * Recordings: what passed between devices and gateway, one JSON object per line behind a header that says whose
 * devices they were. Replay feeds them to the same drivers and sensing under virtual time and shows the stock
 * events that come out: a recording from real hardware becomes a test.
 */

import { once } from 'node:events';
import { createReadStream, createWriteStream, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import type { TraceEntry } from './trace.ts';
import { UsageError } from './usage-error.ts';

const headerSchema = z.object({
  tallyport: z.literal('recording'),
  v: z.literal(1),
  scenario: z.string(),
  seed: z.int(),
  startAt: z.int(),
  endAt: z.int(),
  gateway: z.string(),
  devices: z.array(
    z.object({ id: z.string(), driver: z.string(), options: z.record(z.string(), z.unknown()) }),
  ),
  readPoints: z.array(z.record(z.string(), z.unknown())),
});
type RecordingHeader = z.infer<typeof headerSchema>;

const entrySchema: z.ZodType<TraceEntry> = z.union([
  z.object({ at: z.int(), device: z.string(), bytes: z.string(), to: z.enum(['gateway', 'device']) }),
  z.object({
    at: z.int(),
    device: z.string(),
    topic: z.string(),
    payload: z.string(),
    retained: z.boolean(),
    to: z.literal('device').optional(),
  }),
  z.object({ at: z.int(), device: z.string(), line: z.enum(['open', 'closed']) }),
]);

interface RecordingWriter {
  add(entry: TraceEntry): void;
  close(): Promise<void>;
}

export function writeRecording(file: string, header: RecordingHeader): RecordingWriter {
  // Opened here, so that a path that cannot be written ends the command before the run.
  const stream = createWriteStream(file, { fd: openSync(file, 'w') });
  stream.write(`${JSON.stringify(header)}\n`);
  return {
    add: (entry) => void stream.write(`${JSON.stringify(entry)}\n`),
    async close() {
      stream.end();
      await once(stream, 'close');
    },
  };
}

export async function readRecording(
  file: string,
): Promise<{ header: RecordingHeader; entries: TraceEntry[] }> {
  const entries: TraceEntry[] = [];
  let header: RecordingHeader | undefined;
  let number = 0;
  try {
    for await (const line of createInterface({ input: createReadStream(file) })) {
      number++;
      const value: unknown = JSON.parse(line);
      if (header === undefined) header = headerSchema.parse(value);
      else entries.push(entrySchema.parse(value));
    }
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`${file}:${number}: not JSON: ${error.message}`);
    if (error instanceof z.ZodError) throw new UsageError(`${file}:${number}: ${z.prettifyError(error)}`);
    throw new UsageError(
      `cannot read the recording ${file}: ${(error as NodeJS.ErrnoException).code ?? error}`,
    );
  }
  if (header === undefined)
    throw new UsageError(`${file} is empty: expected a recording made by "sim record"`);
  return { header, entries };
}
