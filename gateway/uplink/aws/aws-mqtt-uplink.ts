/**
 * The uplink to AWS IoT Core over MQTT with the device's X.509 certificate: port 8883, or 443 with ALPN where only that
 * leaves the building. Client id = thing name = gateway id, so that a policy can confine it by
 * `${iot:Connection.Thing.ThingName}`.
 *
 * Within AWS's limits by construction: clean sessions, keep-alive ≤ 1200 s, one connect per second and client id (the
 * backoff begins above it), topics with at most seven slashes (Basic Ingest's own prefix does not count), at most 100
 * unanswered publishes. The rates are the forwarder's (AWS_IOT_OPTIONS).
 */
import type { Lane } from '../../../protocol/events/lanes.ts';
import { upTopic } from '../../../protocol/link/topics.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import type { PauseLimits } from '../carrier-pause.ts';
import type { MqttTls } from '../mqtt/mqtt-session.ts';
import { createMqttUplink, type MqttUplink } from '../mqtt/mqtt-uplink.ts';

interface AwsMqttUplinkOptions {
  readonly gateway: string;
  /** `xxxxxxxx-ats.iot.<region>.amazonaws.com`; the host only. */
  readonly endpoint: string;
  readonly port: number;
  /** Ask for MQTT by ALPN `x-amzn-mqtt-ca`; default: on port 443, where HTTPS is at home. */
  readonly alpn?: boolean;
  readonly tls: MqttTls;
  /** Publish by Basic Ingest to this rule instead of through the message broker. */
  readonly rule?: string;
  /** Default 5: AWS then says why it disconnects. */
  readonly protocolVersion?: 4 | 5;
  readonly keepaliveSeconds?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly connectTimeoutMs?: number;
  readonly publishTimeoutMs?: number;
}

const AWS_MAX_KEEPALIVE_SECONDS = 1200;
/** Slower than one connect per second even at its quickest. */
const AWS_PAUSES: PauseLimits = { first: 1500, longest: 60_000 };
const AWS_STATE_INTERVAL_MS = 1100;

export function createAwsMqttUplink(options: AwsMqttUplinkOptions): MqttUplink {
  const { gateway, endpoint, port, tls, clock, random, rule } = options;
  const { connectTimeoutMs, publishTimeoutMs } = options;
  return createMqttUplink({
    gateway,
    url: `mqtts://${endpoint}:${port}`,
    tls: (options.alpn ?? port === 443) ? { ...tls, alpn: ['x-amzn-mqtt-ca'] } : tls,
    clock,
    random,
    clientId: gateway,
    protocolVersion: options.protocolVersion ?? 5,
    keepaliveSeconds: Math.min(options.keepaliveSeconds ?? 60, AWS_MAX_KEEPALIVE_SECONDS),
    backoffMs: AWS_PAUSES,
    stateIntervalMs: AWS_STATE_INTERVAL_MS,
    batchTopic: (lane) => awsBatchTopic(gateway, lane, rule),
    ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
    ...(publishTimeoutMs === undefined ? {} : { publishTimeoutMs }),
  });
}

/** Where batches go: the topic the rule listens to, or the rule itself. */
export function awsBatchTopic(gateway: string, lane: Lane, rule: string | undefined): string {
  const topic = upTopic(gateway, lane);
  return rule === undefined ? topic : `$aws/rules/${rule}/${topic}`;
}
