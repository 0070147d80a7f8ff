/** Golden cases of byte drivers: folders with input.json (options, steps) and expected.json (what came of them). */
import { readdirSync, readFileSync } from 'node:fs';
import * as z from 'zod';

export const byteInputSchema = z.strictObject({
  options: z.record(z.string(), z.unknown()),
  steps: z.array(
    z.strictObject({
      at: z.int().min(0),
      does: z.enum(['open', 'close', 'wait', 'text', 'hex']),
      data: z.string().default(''),
    }),
  ),
});

export interface ByteGoldenCase extends z.infer<typeof byteInputSchema> {
  readonly name: string;
  readonly expected: unknown;
}

export function readByteGoldenCases(folder: URL): ByteGoldenCase[] {
  return readdirSync(folder).map((name) => {
    const read = (file: string): unknown =>
      JSON.parse(readFileSync(new URL(`${name}/${file}`, folder), 'utf8'));
    return { name, ...byteInputSchema.parse(read('input.json')), expected: read('expected.json') };
  });
}
