/** The entry of a scenario that a kind's README shows: what people copy is what the tests run. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod';
import type { DeviceKind } from './device-kind.ts';

const exampleSchema = z.tuple([z.looseObject({ options: z.looseObject({}).default({}) })]);

export function readmeOf({ model }: DeviceKind): string {
  return readFileSync(new URL(`./${model}/README.md`, import.meta.url), 'utf8');
}

/** As it stands there, not parsed as a plan. */
export function readmeExample(kind: DeviceKind) {
  const block = /```yaml\n([\s\S]*?)```/.exec(readmeOf(kind))?.[1] ?? '';
  return exampleSchema.parse(parse(block))[0];
}
