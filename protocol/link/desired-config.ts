/**
 * The configuration that the cloud wishes a gateway to have, as it stands in the named shadow `config` of the
 * gateway's thing, and what the gateway reports about it. A shadow holds 8 KB, so the YAML travels gzipped. The
 * revision is the SHA-256 of the YAML text: who runs a file knows by it which one.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';

export const CONFIG_SHADOW = 'config';
/** Of the packed text: what a shadow's 8 KB leave beside names, revisions and the report. */
const MAX_PACKED_CONFIG_CHARACTERS = 6000;
/** What it may unpack to. */
const MAX_CONFIG_BYTES = 256 * 1024;
const LONGEST_DETAIL = 1000;

const revision = z.string().regex(/^[0-9a-f]{64}$/);

export const desiredConfigSchema = z.object({
  revision,
  /** Base64 of the gzipped YAML. */
  body: z.base64().max(MAX_PACKED_CONFIG_CHARACTERS),
});

export const reportedConfigSchema = z.object({
  revision,
  /** `waiting`: it is sound and lies ready for a person to put in place; `applied`: it runs. */
  outcome: z.enum(['waiting', 'applied', 'refused']),
  /** Where it lies, or what is wrong with it. */
  detail: z.string().transform((text) => text.slice(0, LONGEST_DETAIL)),
  /** The gateway's clock, epoch ms. */
  at: z.int(),
});
export type ReportedConfig = z.infer<typeof reportedConfigSchema>;

/** The shadow document, as much of it as concerns us. */
export const configShadowSchema = z.object({
  version: z.int().nonnegative(),
  state: z.object({
    desired: z.object({ config: z.unknown() }).optional(),
    reported: z.object({ config: z.unknown() }).optional(),
  }),
});

/** Undefined when it is too large for a shadow. */
export function packConfig(text: string): string | undefined {
  const packed = gzipSync(text, { level: 9 }).toString('base64');
  return packed.length > MAX_PACKED_CONFIG_CHARACTERS ? undefined : packed;
}

export function unpackConfig(body: string): { ok: true; text: string } | { ok: false; reason: string } {
  try {
    const bytes = gunzipSync(Buffer.from(body, 'base64'), { maxOutputLength: MAX_CONFIG_BYTES });
    return { ok: true, text: bytes.toString('utf8') };
  } catch (error) {
    return { ok: false, reason: `not readable as gzipped text: ${(error as Error).message}` };
  }
}
