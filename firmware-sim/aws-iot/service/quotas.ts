/**
 * The hard quotas of AWS IoT Core and the device shadow service that the stand-in enforces (AWS General Reference,
 * "AWS IoT Core endpoints and quotas", as of 2026). A test may lower or raise one; nothing switches one off.
 */
export const AWS_QUOTAS = {
  /** Per connection, in and out together; what is above is discarded without PUBACK. */
  publishesPerSecond: 100,
  /** Larger: over MQTT the connection ends, over HTTPS 413. */
  payloadBytes: 128 * 1024,
  /** Per connection, in and out together; what is above is delayed. */
  bytesPerSecond: 512 * 1024,
  /** Between two connections of one client id; sooner is refused. */
  connectIntervalMs: 1000,
  /** QoS 1 publishes of a client that were not yet PUBACKed; more are not accepted. */
  unackedInbound: 100,
  /** QoS 1 messages a client has not PUBACKed; more wait. */
  unackedOutbound: 100,
  sessionExpiryMs: 3_600_000,
  /** Of a persistent session, after it came back. */
  redeliveriesPerSecond: 10,
  subscriptionsPerConnection: 50,
  /** In topics and filters; `$aws/rules/<rule>/` does not count. */
  topicSlashes: 7,
  topicBytes: 256,
  clientIdBytes: 128,
  retainedPublishesPerSecondPerTopic: 1,
  shadowRequestsPerSecondPerThing: 20,
  shadowBytes: 8 * 1024,
  /** Levels of the state document, `state` and `desired` or `reported` counted. */
  shadowDepth: 8,
  /** A longer keep-alive, or none, is taken for this. */
  keepAliveSeconds: 1200,
  /** A shorter one is taken for this. */
  shortestKeepAliveSeconds: 30,
} as const;

export type Quotas = { readonly [Name in keyof typeof AWS_QUOTAS]: number };

/** What happened to requests and messages, one number each, from the start; `GET /_stand-in/counters`. */
const COUNTER_NAMES = [
  'mqttConnects',
  'mqttPublishesIn',
  'mqttPublishesOut',
  'restRequests',
  'restRefused',
  'publishesDiscardedIn',
  'publishesDiscardedOut',
  'publishesDelayedIn',
  'publishesDelayedOut',
  'payloadsTooLarge',
  'connectsRefusedByRate',
  'connectsRefusedByIdentity',
  'mqtt5Refused',
  'unackedInboundRefused',
  'unackedOutboundHeld',
  'sessionsExpired',
  'sessionMessagesStored',
  'sessionMessagesDropped',
  'redeliveries',
  'subscriptionsRefused',
  'topicsTooDeep',
  'qos2Refused',
  'policyRefusals',
  'retainedThrottled',
  'shadowRequests',
  'shadowThrottled',
  'keepAliveTimeouts',
  'ruleMatches',
  'ruleErrors',
  'basicIngestWithoutRule',
  'sqsSent',
  'sqsReceived',
  'sqsDeleted',
  'sqsDeadLettered',
  'sqsDuplicated',
  'sqsDropped',
] as const;

type CounterName = (typeof COUNTER_NAMES)[number];
export type AwsCounters = Record<CounterName, number>;

export function createCounters(): AwsCounters {
  return Object.fromEntries(COUNTER_NAMES.map((name) => [name, 0])) as AwsCounters;
}
