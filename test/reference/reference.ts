/** docs/reference.md, made from the registries in the code; `npm run docs` writes it. */
import * as z from 'zod';
import { PROBLEMS } from '../../cloud/api/problems.ts';
import { EXCEPTION_KINDS } from '../../cloud/exceptions/kinds.ts';
import { DRIVERS } from '../../gateway/drivers/registry.ts';
import { MOMENTARY_CONDITIONS } from '../../protocol/events/device-conditions.ts';
import { laneOf } from '../../protocol/events/lanes.ts';
import { type StockEventType, stockEventSchema } from '../../protocol/events/stock-event.ts';

interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Record<string, JsonSchema>;
  readonly required?: readonly string[];
}

const ROOT = '../';

export function renderReference(): string {
  return [
    '# Reference',
    '',
    'Made from the registries in the code by `npm run docs`; a test holds it equal to them.',
    '',
    '## Stock events',
    '',
    'What the gateway sends. Times are epoch milliseconds, masses milligrams, conditions milli-degrees Celsius or',
    'milli-percent RH. The meaning of each field stands in `protocol/events/stock-event.ts`.',
    '',
    ...events(),
    '## Exceptions',
    '',
    '| kind | severity | says | what to do |',
    '|---|---|---|---|',
    ...Object.entries(EXCEPTION_KINDS).map(
      ([kind, { severity, title, advice }]) => `| \`${kind}\` | ${severity} | ${title} | ${advice} |`,
    ),
    '',
    '## Problems of the API',
    '',
    'Every error is `application/problem+json` with one of these codes.',
    '',
    '| code | status | title | what to do |',
    '|---|---|---|---|',
    ...Object.entries(PROBLEMS).map(
      ([code, { status, title, advice }]) => `| \`${code}\` | ${status} | ${title} | ${advice} |`,
    ),
    '',
    '## Drivers',
    '',
    '| driver | hangs on | page |',
    '|---|---|---|',
    ...DRIVERS.map(
      ({ kind, transport }) =>
        `| \`${kind}\` | ${transport === 'bytes' ? 'serial or TCP' : "an MQTT broker, the gateway's or the site's"} | [README](${ROOT}gateway/drivers/${kind}/README.md) |`,
    ),
    '',
    'Device conditions that happen rather than last, so that each is an event of its own:',
    `${[...MOMENTARY_CONDITIONS].map((code) => `\`${code}\``).join(', ')}.`,
    '',
  ].join('\n');
}

function events(): string[] {
  const schema = z.toJSONSchema(stockEventSchema, { unrepresentable: 'any' }) as JsonSchema;
  return (schema.oneOf ?? schema.anyOf ?? []).flatMap((event) => {
    const type = String(event.properties?.type?.const);
    const fields = Object.entries(event.properties ?? {}).filter(([name]) => name !== 'type');
    return [
      `### \`${type}\``,
      '',
      `Lane ${laneOf(type as StockEventType)}.`,
      '',
      '| field | type |',
      '|---|---|',
      ...fields.map(([name, field]) => {
        const optional = event.required?.includes(name) ? '' : ', optional';
        return `| \`${name}\` | ${describe(field)}${optional} |`;
      }),
      '',
    ];
  });
}

function describe(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.type === 'array') return `list of ${describe(schema.items ?? {})}`;
  if (schema.type === 'object') {
    return `{${Object.entries(schema.properties ?? {})
      .map(([name, field]) => `${name}: ${describe(field)}`)
      .join('; ')}}`;
  }
  return schema.type ?? 'any';
}
