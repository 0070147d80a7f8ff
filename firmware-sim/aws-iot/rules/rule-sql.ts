/**
 * The subset of AWS IoT rule SQL that the stand-in runs; PURE. `SELECT <items> FROM '<filter>'`, an item being `*`,
 * `encode(*, 'base64') AS x`, `topic() AS x`, `topic(n) AS x`, `clientid() AS x` or `timestamp() AS x`. Everything
 * else (WHERE, other functions, fields, arithmetic) is refused when the rule is made, with what was not understood.
 */

import { isTopicFilter } from '../../../protocol/link/topic-filter.ts';
import { isObject, type JsonObject } from '../shadow/shadow-document.ts';

/** What a function can ask about. */
export interface RuleInput {
  /** Without the prefix of Basic Ingest. */
  readonly topic: string;
  readonly payload: Buffer;
  readonly clientId: string | undefined;
  /** Epoch ms. */
  readonly timestamp: number;
}

export interface RuleQuery {
  readonly filter: string;
  /** The result: the payload itself for a lone `*`, else JSON. Throws when the message has no such result. */
  select(input: RuleInput): Buffer;
}

type Expression = (input: RuleInput) => string | number | undefined;

const STATEMENT = /^\s*SELECT\s+(.+?)\s+FROM\s+'([^']*)'\s*(.*?)\s*;?\s*$/is;
const ITEM = /^(.+?)\s+AS\s+([a-z_][a-z0-9_]*)$/is;
/** What clientid() says of a message that came over HTTPS. */
const NO_CLIENT = 'n/a';

/** A rule that the stand-in cannot run. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
}

export function parseRuleSql(sql: string): RuleQuery {
  const match = STATEMENT.exec(sql);
  const [, list, filter, rest] = match ?? [];
  if (list === undefined || filter === undefined) {
    throw new RuleError(`rule SQL: expected SELECT … FROM '<topic filter>', got: ${sql}`);
  }
  if (rest !== '') throw new RuleError(`rule SQL: not supported after FROM: ${rest}`);
  if (!isTopicFilter(filter)) throw new RuleError(`rule SQL: '${filter}' is no topic filter`);
  const items = splitList(list);
  if (items.length === 1 && items[0] === '*') return { filter, select: ({ payload }) => payload };
  const wholePayload = items.includes('*');
  const columns = items.filter((item) => item !== '*').map(parseItem);
  return {
    filter,
    select(input) {
      const result: JsonObject = wholePayload ? jsonPayload(input.payload) : {};
      for (const { name, value } of columns) {
        const found = value(input);
        if (found !== undefined) result[name] = found;
      }
      return Buffer.from(JSON.stringify(result));
    },
  };
}

/** One function call; also what stands between `${` and `}` in the topic of a republish. */
export function parseExpression(text: string): Expression {
  const call = text.replace(/\s+/g, '').toLowerCase();
  if (call === "encode(*,'base64')") return ({ payload }) => payload.toString('base64');
  if (call === 'topic()') return ({ topic }) => topic;
  if (call === 'clientid()') return ({ clientId }) => clientId ?? NO_CLIENT;
  if (call === 'timestamp()') return ({ timestamp }) => timestamp;
  const level = /^topic\(([1-9]\d?)\)$/.exec(call)?.[1];
  if (level !== undefined) return ({ topic }) => topic.split('/')[Number(level) - 1];
  throw new RuleError(
    `rule SQL: "${text}" is not supported; supported are *, encode(*, 'base64'), topic(), topic(n), clientid(), timestamp()`,
  );
}

function parseItem(item: string): { name: string; value: Expression } {
  const [, expression, name] = ITEM.exec(item) ?? [];
  if (expression === undefined || name === undefined) {
    throw new RuleError(`rule SQL: expected "<function> AS <name>", got: ${item}`);
  }
  return { name, value: parseExpression(expression) };
}

/** At commas outside brackets. */
function splitList(list: string): string[] {
  const items: string[] = [];
  let depth = 0;
  let item = '';
  for (const char of list) {
    if (char === '(') depth += 1;
    if (char === ')') depth -= 1;
    if (char === ',' && depth === 0) {
      items.push(item.trim());
      item = '';
    } else item += char;
  }
  return [...items, item.trim()];
}

function jsonPayload(payload: Buffer): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch (error) {
    throw new RuleError('the payload is not JSON, which "*" beside other items needs', { cause: error });
  }
  if (!isObject(value)) throw new RuleError('the payload is no JSON object');
  return { ...value };
}
