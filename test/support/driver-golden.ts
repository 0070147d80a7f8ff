/**
 * The golden cases of every driver, in one form: `gateway/drivers/<kind>/golden/<case>/` with
 *  - config.yaml: a gateway's configuration with this one device, read by the gateway's own loader;
 *  - input.hex, input.txt or input.jsonl: what happens, one thing a line, `<ms after the start> <what>`:
 *      `0 open`, `900 close`, `5000 wait`, and `150 < …` for what the device says: bytes in hex; text with \r, \n, \t,
 *      \\ and \xNN for what cannot be printed; or a message `{"topic":…,"payload":…,"origin":…}`, whose payload is
 *      sent as it stands when it is a string, and as JSON when not; origin is `live` when left out.
 *      A line that begins with # is a comment; in hex everything after a # is;
 *  - expected.json: everything the driver said, times in ms after the start (driver-script.ts).
 * The case `plain` is a session without faults that ends with readings.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { loadGatewayConfig } from '../../gateway/app/config/config.ts';
import { type Driver, MESSAGE_ORIGINS, type OutgoingMessage } from '../../gateway/drivers/driver.ts';
import { findDriver } from '../../gateway/drivers/registry.ts';
import type { Reading } from '../../protocol/readings/reading.ts';
import { SCRIPT_START, type ScriptResult, type ScriptStep } from './driver-script.ts';

const NOTATIONS = ['hex', 'txt', 'jsonl'] as const;
type Notation = (typeof NOTATIONS)[number];

interface GoldenCase {
  readonly device: string;
  readonly kind: string;
  readonly steps: readonly ScriptStep[];
  /** Of what the device says; what is sent to it is written down in the same. */
  readonly notation: Notation;
  readonly expectedFile: string;
  createDriver(): Driver;
}

const folderOf = (kind: string) => new URL(`../../gateway/drivers/${kind}/golden/`, import.meta.url);

/** None when the driver has no golden folder. */
export function goldenNames(kind: string): string[] {
  const folder = folderOf(kind);
  return existsSync(folder) ? readdirSync(folder).toSorted() : [];
}

/** Throws what is wrong with the case, in words. */
export function readGolden(kind: string, name: string): GoldenCase {
  const folder = fileURLToPath(new URL(`${name}/`, folderOf(kind)));
  const [device, ...others] = loadGatewayConfig(`${folder}config.yaml`).devices;
  if (device === undefined || others.length > 0) throw new Error(`${kind}/${name}: expected one device`);
  const driver = findDriver(device.driver);
  if (driver === undefined) throw new Error(`no driver named ${device.driver}`);
  const notation = NOTATIONS.find((one) => existsSync(`${folder}input.${one}`));
  if (notation === undefined)
    throw new Error(`${kind}/${name}: expected input.hex, input.txt or input.jsonl`);
  return {
    device: device.id,
    kind: driver.kind,
    notation,
    steps: parseInput(readFileSync(`${folder}input.${notation}`, 'utf8'), notation),
    expectedFile: `${folder}expected.json`,
    createDriver: () => driver.create(device.id, driver.options.parse(device.options)),
  };
}

export function parseInput(text: string, notation: Notation): ScriptStep[] {
  const steps: ScriptStep[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const said = notation === 'hex' ? line.replace(/\s*#.*/, '') : line;
    if (said === '' || said.startsWith('#')) continue;
    const [, ms, does, data] = /^(\d+) (?:(open|close|wait)|< (.*))$/.exec(said) ?? [];
    const at = Number(ms);
    if (ms === undefined || at < (steps.at(-1)?.at ?? 0)) {
      throw new Error(
        `line ${index + 1}: expected a time not before the last and what happens, got "${line}"`,
      );
    }
    if (data !== undefined) steps.push({ at, ...parseSaid(data, notation) });
    else steps.push({ at, does: does as 'open' | 'close' | 'wait' });
  }
  return steps;
}

const messageSchema = z.strictObject({
  topic: z.string(),
  payload: z.unknown(),
  origin: z.enum(MESSAGE_ORIGINS).default('live'),
});

function parseSaid(data: string, notation: Notation) {
  switch (notation) {
    case 'hex':
      return { does: 'bytes' as const, bytes: parseHex(data) };
    case 'txt':
      return { does: 'bytes' as const, bytes: parseText(data) };
    case 'jsonl': {
      const { topic, payload, origin } = messageSchema.parse(JSON.parse(data));
      const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
      return {
        does: 'message' as const,
        message: { topic, origin, payload: new TextEncoder().encode(text) },
      };
    }
    default:
      return notation satisfies never;
  }
}

function parseHex(data: string): Uint8Array {
  const digits = data.replaceAll(' ', '');
  if (!/^(?:[\da-f]{2})*$/i.test(digits)) throw new Error(`not bytes in hex: ${data}`);
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}

const ESCAPES = new Map([
  ['r', '\r'],
  ['n', '\n'],
  ['t', '\t'],
  ['\\', '\\'],
]);

function parseText(data: string): Uint8Array {
  const text = data.replaceAll(/\\(?:x([\da-f]{2})|(.))/g, (code, hex?: string, letter?: string) => {
    const meant =
      hex === undefined ? ESCAPES.get(letter ?? '') : String.fromCharCode(Number.parseInt(hex, 16));
    if (meant === undefined) throw new Error(`no escape ${code}`);
    return meant;
  });
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

/** expected.json for a result: one line for each thing said. */
export function writeExpected(result: ScriptResult, notation: Notation): string {
  const { readings, sent, discarded, reconnects, states } = result;
  const parts = {
    readings: readings.map(afterStart),
    sent: sent.map(({ at, sent: one }) => ({ at, ...writeSent(one, notation) })),
    discarded,
    reconnects,
    states,
  };
  const lists = Object.entries(parts).map(([name, list]) => {
    const lines = list.map((entry) => `\n    ${JSON.stringify(entry)}`).join(',');
    return `  "${name}": [${lines}${lines === '' ? '' : '\n  '}]`;
  });
  return `{\n${lists.join(',\n')}\n}\n`;
}

function writeSent(sent: Uint8Array | OutgoingMessage, notation: Notation): Record<string, unknown> {
  if (sent instanceof Uint8Array) {
    return notation === 'txt'
      ? { text: Buffer.from(sent).toString('latin1') }
      : { hex: Buffer.from(sent).toString('hex') };
  }
  const { topic, payload, qos, retain } = sent;
  return { topic, payload: new TextDecoder().decode(payload), qos, retain };
}

function afterStart(reading: Reading): Record<string, unknown> {
  const at = reading.at - SCRIPT_START;
  switch (reading.kind) {
    case 'tag': {
      const { firstSeenAt, lastSeenAt } = reading;
      return {
        ...reading,
        at,
        firstSeenAt: firstSeenAt - SCRIPT_START,
        lastSeenAt: lastSeenAt - SCRIPT_START,
      };
    }
    case 'condition':
      return { ...reading, at, sampledAt: reading.sampledAt - SCRIPT_START };
    case 'input': {
      const { sensedAt } = reading;
      return { ...reading, at, ...(sensedAt === undefined ? {} : { sensedAt: sensedAt - SCRIPT_START }) };
    }
    case 'weight':
    case 'health':
      return { ...reading, at };
    default:
      return reading satisfies never;
  }
}
