/**
 * Rules and their actions: each message whose topic a rule's filter takes (or that names the rule in a Basic Ingest
 * topic) goes through its SELECT to SQS queues and republishes. What fails goes to the rule's error queue in the
 * form AWS gives it, the original payload in base64.
 */

import { topicMatches } from '../../../protocol/link/topic-filter.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { IotMessage } from '../service/message.ts';
import type { AwsCounters } from '../service/quotas.ts';
import { basicIngest, isTopicName } from '../service/topics.ts';
import { parseExpression, parseRuleSql, RuleError, type RuleInput, type RuleQuery } from './rule-sql.ts';

type RuleAction =
  | { readonly sqs: { readonly queue: string } }
  /** `topic` may hold `${topic(3)}` and the like. */
  | { readonly republish: { readonly topic: string; readonly qos?: 0 | 1 } };

export interface RuleDefinition {
  readonly name: string;
  readonly sql: string;
  readonly actions: readonly RuleAction[];
  /** The queue for messages whose action failed. */
  readonly errorQueue?: string;
}

interface RulePorts {
  /** Throws when the queue does not take it. */
  send(queue: string, body: string): void;
  republish(message: IotMessage): void;
}

interface TopicRule {
  readonly definition: RuleDefinition;
  readonly query: RuleQuery;
}

/** A republished message that comes round again this often is taken for a loop and stopped. */
const MAX_REPUBLISHES = 8;
const RULE_NAME = /^[a-zA-Z0-9_]{1,128}$/;

export class RuleEngine {
  readonly #rules = new Map<string, TopicRule>();
  readonly #clock: Clock;
  readonly #counters: AwsCounters;
  readonly #ports: RulePorts;
  #depth = 0;

  /** Throws a RuleError for a rule that cannot be run. */
  constructor(definitions: readonly RuleDefinition[], ports: RulePorts, clock: Clock, counters: AwsCounters) {
    this.#ports = ports;
    this.#clock = clock;
    this.#counters = counters;
    for (const definition of definitions) {
      const { name, sql, actions } = definition;
      if (!RULE_NAME.test(name)) {
        throw new RuleError(`rule "${name}": expected letters, digits and underscores, at most 128`);
      }
      if (this.#rules.has(name)) throw new RuleError(`rule "${name}" is there twice`);
      for (const action of actions) if ('republish' in action) parseTemplate(action.republish.topic);
      this.#rules.set(name, { definition, query: parseRuleSql(sql) });
    }
  }

  /** Queues that the rules name. */
  get queues(): string[] {
    return [...this.#rules.values()].flatMap(({ definition: { actions, errorQueue } }) => [
      ...actions.flatMap((action) => ('sqs' in action ? [action.sqs.queue] : [])),
      ...(errorQueue === undefined ? [] : [errorQueue]),
    ]);
  }

  /** Only the named rule sees a Basic Ingest message, every rule whose filter takes it any other. */
  run(message: IotMessage): void {
    const ingest = basicIngest(message.topic);
    if (ingest !== undefined) {
      const rule = this.#rules.get(ingest.rule);
      if (rule === undefined) this.#counters.basicIngestWithoutRule += 1;
      else this.#apply(rule, message, ingest.topic);
      return;
    }
    for (const rule of this.#rules.values()) {
      if (topicMatches(rule.query.filter, message.topic)) this.#apply(rule, message, message.topic);
    }
  }

  #apply(rule: TopicRule, message: IotMessage, topic: string): void {
    this.#counters.ruleMatches += 1;
    const input: RuleInput = {
      topic,
      payload: message.payload,
      clientId: message.clientId,
      timestamp: this.#clock.now(),
    };
    const failures: { failedAction: string; failedResource: string; errorMessage: string }[] = [];
    for (const action of rule.definition.actions) {
      try {
        this.#act(action, rule.query.select(input), input);
      } catch (error) {
        this.#counters.ruleErrors += 1;
        failures.push({
          failedAction: 'sqs' in action ? 'SqsAction' : 'RepublishAction',
          failedResource: 'sqs' in action ? action.sqs.queue : action.republish.topic,
          errorMessage: error instanceof Error ? error.message : String(error),
        });
      }
    }
    if (failures.length > 0) this.#report(rule.definition, input, failures);
  }

  #act(action: RuleAction, result: Buffer, input: RuleInput): void {
    if ('sqs' in action) {
      this.#ports.send(action.sqs.queue, textOf(result));
      return;
    }
    const topic = parseTemplate(action.republish.topic)(input);
    if (!isTopicName(topic)) throw new RuleError(`"${topic}" is no topic to publish to`);
    if (this.#depth >= MAX_REPUBLISHES) throw new RuleError('republished in a circle');
    this.#depth += 1;
    try {
      this.#ports.republish({ topic, payload: result, qos: action.republish.qos ?? 0, retain: false });
    } finally {
      this.#depth -= 1;
    }
  }

  #report({ name, errorQueue }: RuleDefinition, input: RuleInput, failures: object[]): void {
    if (errorQueue === undefined) return;
    const body = {
      ruleName: name,
      topic: input.topic,
      clientId: input.clientId ?? 'N/A',
      base64OriginalPayload: input.payload.toString('base64'),
      failures,
    };
    try {
      this.#ports.send(errorQueue, JSON.stringify(body));
    } catch {
      // As in AWS: an error action that fails has nowhere to go; the count says that it happened.
      this.#counters.ruleErrors += 1;
    }
  }
}

/** SQS takes text only. */
function textOf(result: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(result);
  } catch (error) {
    throw new RuleError("the message is not UTF-8: SELECT encode(*, 'base64') AS …", { cause: error });
  }
}

function parseTemplate(template: string): (input: RuleInput) => string {
  const parts = template.split(/(\$\{[^}]*\})/).map((part) => {
    if (!part.startsWith('${')) return () => part;
    const expression = parseExpression(part.slice(2, -1));
    return (input: RuleInput) => String(expression(input) ?? '');
  });
  return (input) => parts.map((part) => part(input)).join('');
}
