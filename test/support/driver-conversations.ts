/**
 * The golden cases of every driver in one form, for checks that loop over the whole registry: what arrived, without
 * what is expected of it. Byte drivers keep steps (input.json) or a hex script (input.hex: `open`, `close`,
 * `at <ms>`, `< <bytes from the device>`, `> <bytes to it>`); message drivers keep messages.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import type { DeviceMessage, DriverKind } from '../../gateway/drivers/driver.ts';
import type { ScriptStep } from './byte-driver-script.ts';
import { byteInputSchema } from './byte-golden.ts';

export interface Conversation {
  readonly name: string;
  readonly options: unknown;
  /** Byte drivers. */
  readonly steps: readonly ScriptStep[];
  /** Message drivers. */
  readonly messages: readonly (DeviceMessage & { readonly at: number })[];
}

const messagesSchema = z.object({
  options: z.unknown(),
  messages: z.array(
    z.object({ topic: z.string(), at: z.int(), retained: z.boolean().default(false), payload: z.unknown() }),
  ),
});

export function readConversations(kind: DriverKind): Conversation[] {
  const folder = new URL(`../../gateway/drivers/${kind.kind}/golden/`, import.meta.url);
  return readdirSync(folder).map((name) => {
    const script = new URL(`${name}/input.hex`, folder);
    if (existsSync(script)) return { name, messages: [], ...parseScript(readFileSync(script, 'utf8')) };
    const input: unknown = JSON.parse(readFileSync(new URL(`${name}/input.json`, folder), 'utf8'));
    if (kind.transport === 'bytes') return { name, messages: [], ...byteInputSchema.parse(input) };
    const { options, messages } = messagesSchema.parse(input);
    const encoded = messages.map(({ topic, at, retained, payload }) => ({
      topic,
      at,
      origin: retained ? ('retained' as const) : ('live' as const),
      payload: encodePayload(payload),
    }));
    return { name, steps: [], options, messages: encoded };
  });
}

function encodePayload(payload: unknown): Uint8Array {
  return new TextEncoder().encode(typeof payload === 'string' ? payload : JSON.stringify(payload));
}

function parseScript(text: string): { options: unknown; steps: ScriptStep[] } {
  const steps: ScriptStep[] = [];
  let options: unknown = {};
  let at = 0;
  for (const line of text.split('\n')) {
    const [word = '', ...rest] = line.replace(/#.*/, '').trim().split(/\s+/);
    const data = rest.join(' ');
    if (word === 'at') at = Number(data);
    else if (word === 'options') options = JSON.parse(data);
    else if (word === 'open' || word === 'close') steps.push({ at, does: word });
    else if (word === '<') steps.push({ at, does: 'hex', data });
  }
  return { options, steps };
}
