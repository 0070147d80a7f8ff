/** Reads a checkpoint row's JSON body. A row that cannot be read is skipped and counted by its sensor, never fatal. */
import type * as z from 'zod';

export function readBody<Body>(schema: z.ZodType<Body>, body: string): Body | undefined {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const parsed = schema.safeParse(json);
  return parsed.success ? parsed.data : undefined;
}
