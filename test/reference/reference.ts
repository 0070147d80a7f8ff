/** docs/reference.md, made from the registries in the code; `npm run docs` writes it. */
import * as z from 'zod';
import { PROBLEMS } from '../../cloud/api/http/problems.ts';
import { EXCEPTION_KINDS } from '../../cloud/exceptions/kinds.ts';
import { DRIVERS } from '../../gateway/drivers/registry.ts';
import { DEVICE_CONDITIONS, type DeviceConditionKind } from '../../protocol/events/device-conditions.ts';
import { EVENT_KINDS } from '../../protocol/events/event-kinds.ts';
import { LANES, laneKind } from '../../protocol/events/lanes.ts';
import { METRICS } from '../../protocol/events/metrics.ts';

interface JsonSchema {
  readonly description?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
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
    'What the gateway sends. Times are epoch milliseconds, masses milligrams, conditions thousandths of the unit of',
    'their metric. Fields that a reader does not know it keeps; so it does with events of a kind that it does not know.',
    '',
    ...events(),
    '## Lanes',
    '',
    '| lane | carries | goes up | given up, when the journal is full |',
    '|---|---|---|---|',
    ...lanes(),
    '',
    '## Metrics',
    '',
    '| metric | unit |',
    '|---|---|',
    ...Object.entries(METRICS).map(([metric, { unit }]) => `| \`${metric}\` | ${unit} |`),
    '',
    '## Device conditions',
    '',
    'What gateways of this version emit. Other codes are taken too: they last until they are taken back.',
    '',
    '| code | how long | means | what to do |',
    '|---|---|---|---|',
    ...Object.entries(DEVICE_CONDITIONS).map(([code, kind]) => deviceCondition(code, kind)),
    '',
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
  ].join('\n');
}

function events(): string[] {
  return Object.values(EVENT_KINDS).flatMap(({ type, lane, meaning, schema, example }) => {
    const { properties, required } = z.toJSONSchema(schema, { unrepresentable: 'any' }) as JsonSchema;
    return [
      `### \`${type}\``,
      '',
      `${meaning} Lane ${lane}.`,
      '',
      '| field | type | meaning |',
      '|---|---|---|',
      ...fields(properties ?? {}, required ?? [], '').filter((row) => !row.startsWith('| `type`')),
      '',
      '```json',
      JSON.stringify(example),
      '```',
      '',
    ];
  });
}

/** A row for each, those of a list's elements below it. */
function fields(
  properties: Record<string, JsonSchema>,
  required: readonly string[],
  within: string,
): string[] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = `${within}${name}`;
    const optional = required.includes(name) ? '' : ', optional';
    const row = `| \`${path}\` | ${describe(field)}${optional} | ${field.description ?? ''} |`;
    const { properties: inner, required: needed } = field.items ?? {};
    return inner === undefined ? [row] : [row, ...fields(inner, needed ?? [], `${path}[].`)];
  });
}

function lanes(): string[] {
  return LANES.map((lane) => {
    const { meaning, urgency, givenUp } = laneKind(lane);
    const spares = givenUp.spares.length === 0 ? '' : `, but for ${givenUp.spares.join(' and ')} events`;
    const thinned = givenUp.thinned ? ', at first every second event' : '';
    return `| \`${lane}\` | ${meaning} | ${nth(urgency)} | ${nth(givenUp.place)}${thinned}${spares} |`;
  });
}

function nth(place: number): string {
  return ['first', 'second', 'third'][place - 1] ?? `${place}th`;
}

function deviceCondition(code: string, { meaning, advice, momentary }: DeviceConditionKind): string {
  return `| \`${code}\` | ${momentary === true ? 'happens' : 'lasts'} | ${meaning} | ${advice} |`;
}

function describe(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.type === 'array') return `list of ${describe(schema.items ?? {})}`;
  return schema.type ?? 'any';
}
