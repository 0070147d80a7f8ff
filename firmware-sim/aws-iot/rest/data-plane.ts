/**
 * The operations of the AWS IoT data plane over HTTPS, one per path, as @aws-sdk/client-iot-data-plane calls them
 * (AWS IoT API Reference, "AWS IoT Data Plane"). Decides what a request means; the exchange, the shadows and the
 * MQTT front do it. Who calls is known already; what it may do is checked here.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { type AwsAnswer, json, type RestRequest } from '../http/http.ts';
import { mayDo, type Place, type Principal } from '../identity/principal.ts';
import type { MqttFront } from '../mqtt/mqtt-front.ts';
import type { ConnectionRecord, Sessions } from '../mqtt/sessions.ts';
import { AwsError, forbidden, invalidRequest, notFound, throttled, tooLarge } from '../service/aws-error.ts';
import type { IotMessage, MessageProperties } from '../service/message.ts';
import type { AwsCounters, Quotas } from '../service/quotas.ts';
import { basicIngest, countedSlashes, isTopicName } from '../service/topics.ts';
import type { ShadowId, ShadowStore } from '../shadow/shadow-store.ts';
import { announceDelete, announceUpdate } from '../shadow/shadow-topics.ts';

interface DataPlaneOptions {
  readonly clock: Clock;
  readonly quotas: Quotas;
  readonly counters: AwsCounters;
  readonly place: Place;
  readonly exchange: Exchange;
  readonly shadows: ShadowStore;
  readonly sessions: Sessions;
  readonly front: MqttFront;
}

type DataPlaneOperation = (
  request: RestRequest,
  argument: string,
  principal: Principal,
) => AwsAnswer | Promise<AwsAnswer>;

/** Of ListRetainedMessages, ListSubscriptions and ListNamedShadowsForThing. */
const LARGEST_PAGE = 100;
const DIRECT_TIMEOUT_SECONDS = { least: 1, usual: 5, most: 15 };

export class DataPlane {
  readonly #options: DataPlaneOptions;

  constructor(options: DataPlaneOptions) {
    this.#options = options;
  }

  /** Rejects with an AwsError for what AWS would refuse. */
  async handle(request: RestRequest, principal: Principal): Promise<AwsAnswer> {
    const found = this.#operation(request);
    if (found === undefined) {
      throw new AwsError('MethodNotAllowedException', 405, `no operation ${request.method} ${request.path}`);
    }
    return await found.operation(request, decode(found.argument), principal);
  }

  #operation({
    method,
    path,
    parts,
  }: RestRequest): { operation: DataPlaneOperation; argument: string } | undefined {
    const [first, second = '', third, fourth] = parts;
    const at = (operation: DataPlaneOperation, argument: string) => ({ operation, argument });
    switch (`${method} ${first}`) {
      case 'POST topics':
        return at(this.#publish, path.slice('/topics/'.length));
      case 'GET retainedMessage':
        return parts.length === 1
          ? at(this.#listRetained, '')
          : at(this.#getRetained, path.slice('/retainedMessage/'.length));
      case 'GET api':
        return parts.length === 5 && second === 'things' && third === 'shadow'
          ? at(this.#listShadows, parts[4] ?? '')
          : undefined;
      case 'GET things':
        return third === 'shadow' ? at(this.#getShadow, second) : undefined;
      case 'POST things':
        return third === 'shadow' ? at(this.#updateShadow, second) : undefined;
      case 'DELETE things':
        return third === 'shadow' ? at(this.#deleteShadow, second) : undefined;
      case 'GET connections':
        if (third === 'subscriptions') return at(this.#listSubscriptions, second);
        return third === undefined ? at(this.#getConnection, second) : undefined;
      case 'DELETE connections':
        return third === undefined ? at(this.#deleteConnection, second) : undefined;
      case 'POST connections':
        return third === 'messages' && fourth === undefined ? at(this.#sendDirect, second) : undefined;
      default:
        return undefined;
    }
  }

  #publish: DataPlaneOperation = (request, topic, principal) => {
    const { exchange, quotas } = this.#options;
    const retain = flag(request, 'retain');
    this.#checkTopic(topic);
    this.#checkPayload(request);
    this.#allow(principal, 'iot:Publish', `topic/${topic}`);
    if (retain) this.#allow(principal, 'iot:RetainPublish', `topic/${topic}`);
    const message: IotMessage = {
      topic,
      payload: Buffer.from(request.body),
      qos: qosOf(request),
      retain,
      properties: propertiesOf(request),
      ...this.#expiry(request),
    };
    if (!exchange.publish(message)) {
      throw throttled(
        `more than ${quotas.retainedPublishesPerSecondPerTopic} retained publish a second to ${topic}`,
      );
    }
    return json({ message: 'OK', traceId: randomUUID() });
  };

  #getRetained: DataPlaneOperation = (_request, topic, principal) => {
    this.#allow(principal, 'iot:GetRetainedMessage', `topic/${topic}`);
    const found = this.#options.exchange.retained(topic);
    if (found === undefined) throw notFound(`No retained message on topic ${topic}`);
    const { message, at } = found;
    const { userProperties } = message.properties ?? {};
    return json({
      topic,
      payload: message.payload.toString('base64'),
      qos: message.qos,
      lastModifiedTime: at,
      ...(userProperties !== undefined && { userProperties: Buffer.from(userProperties).toString('base64') }),
    });
  };

  #listRetained: DataPlaneOperation = (request, _argument, principal) => {
    this.#allow(principal, 'iot:ListRetainedMessages', '*');
    const { page, next } = this.#options.exchange.listRetained(
      pageSize(request, 'maxResults'),
      pageToken(request),
    );
    const retainedTopics = page.map(({ message, at }) => ({
      topic: message.topic,
      payloadSize: message.payload.length,
      qos: message.qos,
      lastModifiedTime: at,
    }));
    return json({ retainedTopics, ...nextToken(next) });
  };

  #listShadows: DataPlaneOperation = (request, thing, principal) => {
    this.#allow(principal, 'iot:ListNamedShadowsForThing', `thing/${thing}`);
    const { shadows, clock } = this.#options;
    const { results, next } = shadows.names(thing, pageSize(request, 'pageSize'), pageToken(request));
    return json({ results, timestamp: Math.floor(clock.now() / 1000), ...nextToken(next) });
  };

  #getShadow: DataPlaneOperation = (request, thing, principal) => {
    const id = this.#shadowId(request, thing, principal, 'iot:GetThingShadow');
    return json(this.#options.shadows.get(id));
  };

  #updateShadow: DataPlaneOperation = (request, thing, principal) => {
    const id = this.#shadowId(request, thing, principal, 'iot:UpdateThingShadow');
    const { shadows, exchange } = this.#options;
    const outcome = shadows.update(id, request.body);
    announceUpdate(id, outcome, (topic, body) => exchange.say(topic, body));
    return json(outcome.accepted);
  };

  #deleteShadow: DataPlaneOperation = (request, thing, principal) => {
    const id = this.#shadowId(request, thing, principal, 'iot:DeleteThingShadow');
    const { shadows, exchange } = this.#options;
    const body = shadows.delete(id);
    announceDelete(id, body, (topic, said) => exchange.say(topic, said));
    return json(body);
  };

  #getConnection: DataPlaneOperation = (request, clientId, principal) => {
    this.#allow(principal, 'iot:GetConnection', `client/${clientId}`);
    const record = this.#record(clientId);
    const { keepAliveSeconds, connectedAt, disconnectedAt, disconnectReason, thing, source, target } = record;
    return json({
      clientId,
      connected: record.connected,
      cleanSession: record.clean,
      keepAliveDuration: keepAliveSeconds,
      connectedSince: connectedAt,
      sessionExpiry: record.clean ? 0 : this.#options.quotas.sessionExpiryMs / 1000,
      ...(thing !== undefined && { thingName: thing }),
      ...(disconnectedAt !== undefined && { disconnectedSince: disconnectedAt }),
      ...(disconnectReason !== undefined && { disconnectReason }),
      ...(flag(request, 'includeSocketInformation') && {
        sourceIp: source.ip,
        sourcePort: source.port,
        targetIp: target.ip,
        targetPort: target.port,
      }),
    });
  };

  #deleteConnection: DataPlaneOperation = (request, clientId, principal) => {
    this.#allow(principal, 'iot:DeleteConnection', `client/${clientId}`);
    const { front, sessions } = this.#options;
    const ended = front.disconnect(clientId, {
      preventWill: flag(request, 'preventWillMessage'),
      reason: 'API_INITIATED_DISCONNECT',
    });
    if (flag(request, 'cleanSession')) sessions.discard(clientId);
    if (!ended) throw notFound(`No connection of client ${clientId}`);
    return json({});
  };

  #listSubscriptions: DataPlaneOperation = (request, clientId, principal) => {
    this.#allow(principal, 'iot:ListSubscriptions', `client/${clientId}`);
    this.#record(clientId);
    const after = pageToken(request);
    const all = [...(this.#options.sessions.get(clientId)?.subscriptions ?? [])]
      .map(([topicFilter, qos]) => ({ topicFilter, qos }))
      .toSorted((a, b) => (a.topicFilter < b.topicFilter ? -1 : 1))
      .filter(({ topicFilter }) => after === undefined || topicFilter > after);
    const subscriptions = all.slice(0, pageSize(request, 'maxResults'));
    const next = all.length > subscriptions.length ? subscriptions.at(-1)?.topicFilter : undefined;
    return json({ subscriptions, ...nextToken(next) });
  };

  #sendDirect: DataPlaneOperation = async (request, clientId, principal) => {
    const topic = request.query.get('topic') ?? '';
    this.#checkTopic(topic);
    this.#checkPayload(request);
    this.#allow(principal, 'iot:SendDirectMessage', `client/${clientId}`);
    const session = this.#options.sessions.get(clientId);
    if (session === undefined || !session.connected) throw notFound(`Client ${clientId} is not connected`);
    const confirmation = flag(request, 'confirmation');
    const payload = Buffer.from(request.body);
    const properties = propertiesOf(request);
    const message: IotMessage = { topic, payload, qos: confirmation ? 1 : 0, retain: false, properties };
    if (!confirmation) {
      if (!session.send(message)) throw throttled(`Client ${clientId} is at its publish limit`);
      return json({ message: 'OK', traceId: randomUUID() });
    }
    const seconds = directTimeout(request);
    const confirmed = await new Promise<boolean>((resolve) => {
      const limit = this.#options.clock.setTimer(seconds * 1000, 'direct message', () => resolve(false));
      const sent = session.send(message, () => {
        limit.cancel();
        resolve(true);
      });
      if (!sent) {
        limit.cancel();
        resolve(false);
      }
    });
    if (!confirmed) {
      throw new AwsError(
        'GatewayTimeoutException',
        504,
        `Client ${clientId} did not confirm in ${seconds} s`,
      );
    }
    return json({ message: 'OK', traceId: randomUUID() });
  };

  #record(clientId: string): ConnectionRecord {
    const record = this.#options.sessions.record(clientId);
    if (record === undefined) throw notFound(`Client ${clientId} was never connected`);
    return record;
  }

  #shadowId(request: RestRequest, thing: string, principal: Principal, action: string): ShadowId {
    const shadow = request.query.get('name') ?? undefined;
    this.#allow(principal, action, `thing/${thing}${shadow === undefined ? '' : `/${shadow}`}`);
    return { thing, shadow };
  }

  #checkTopic(topic: string): void {
    const { quotas } = this.#options;
    const name = basicIngest(topic)?.topic ?? topic;
    if (!isTopicName(name) || Buffer.byteLength(name) > quotas.topicBytes) {
      throw invalidRequest('Invalid topic');
    }
    if (countedSlashes(topic) > quotas.topicSlashes) {
      this.#options.counters.topicsTooDeep += 1;
      throw invalidRequest(`The topic has more than ${quotas.topicSlashes} slashes`);
    }
  }

  #checkPayload({ body }: RestRequest): void {
    if (body.length <= this.#options.quotas.payloadBytes) return;
    this.#options.counters.payloadsTooLarge += 1;
    throw tooLarge(`The payload exceeds ${this.#options.quotas.payloadBytes} bytes`);
  }

  #expiry(request: RestRequest): { expiresAt?: number } {
    const text = request.query.get('messageExpiry');
    if (text === null) return {};
    const seconds = Number(text);
    if (!Number.isInteger(seconds) || seconds <= 0) throw invalidRequest('Invalid messageExpiry');
    return { expiresAt: this.#options.clock.now() + seconds * 1000 };
  }

  #allow(principal: Principal, action: string, resource: string): void {
    if (mayDo(principal, this.#options.place, { action, resource })) return;
    this.#options.counters.policyRefusals += 1;
    throw forbidden(`not authorized: ${action} on ${resource}`);
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw Object.assign(invalidRequest('Malformed escape in the path'), { cause: error });
  }
}

function flag({ query }: RestRequest, name: string): boolean {
  const value = query.get(name);
  if (value === null || value === 'false') return false;
  if (value === 'true') return true;
  throw invalidRequest(`Invalid ${name}: expected true or false`);
}

function qosOf({ query }: RestRequest): 0 | 1 {
  const value = query.get('qos') ?? '0';
  if (value === '0') return 0;
  if (value === '1') return 1;
  throw invalidRequest('Invalid qos: expected 0 or 1');
}

function propertiesOf({ query, headers }: RestRequest): MessageProperties {
  const text = (name: string, value: string | null | undefined) =>
    value === null || value === undefined ? {} : { [name]: value };
  const encoded = headers['x-amz-mqtt5-user-properties'];
  return {
    ...text('contentType', query.get('contentType')),
    ...text('responseTopic', query.get('responseTopic')),
    ...text('correlationData', headers['x-amz-mqtt5-correlation-data']),
    ...text('payloadFormatIndicator', headers['x-amz-mqtt5-payload-format-indicator']),
    ...(encoded !== undefined && { userProperties: Buffer.from(encoded, 'base64').toString('utf8') }),
  };
}

function directTimeout({ query }: RestRequest): number {
  const { least, usual, most } = DIRECT_TIMEOUT_SECONDS;
  const seconds = Number(query.get('timeout') ?? usual);
  if (!Number.isInteger(seconds) || seconds < least || seconds > most) {
    throw invalidRequest(`Invalid timeout: expected ${least} to ${most} seconds`);
  }
  return seconds;
}

function pageSize({ query }: RestRequest, name: string): number {
  const text = query.get(name);
  if (text === null) return LARGEST_PAGE;
  const size = Number(text);
  if (!Number.isInteger(size) || size < 1 || size > LARGEST_PAGE) {
    throw invalidRequest(`Invalid ${name}: expected 1 to ${LARGEST_PAGE}`);
  }
  return size;
}

/** Where the page before ended. */
function pageToken({ query }: RestRequest): string | undefined {
  const token = query.get('nextToken');
  return token === null ? undefined : Buffer.from(token, 'base64url').toString('utf8');
}

function nextToken(last: string | undefined): { nextToken?: string } {
  return last === undefined ? {} : { nextToken: Buffer.from(last).toString('base64url') };
}
