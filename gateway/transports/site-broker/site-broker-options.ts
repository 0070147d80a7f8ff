/** What a connection to a broker of the site needs to know, its limits, and what it counts. */
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';

export interface SiteBrokerOptions {
  /** Its name in the configuration. */
  readonly name: string;
  /** `mqtt://host:1883`, `mqtts://host:8883`, `ws://…`, `wss://…`. */
  readonly url: string;
  /** Of this gateway alone: a broker ends the connection of whoever used it before. */
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: SiteTls;
  /** 5 falls back to 4, which is MQTT 3.1.1, at a broker that does not speak 5. */
  readonly protocolVersion: 4 | 5;
  readonly keepaliveSeconds: number;
  /** How long the broker shall hold messages for an absent gateway (MQTT 5); undefined: not at all. */
  readonly sessionExpirySeconds: number | undefined;
  /** What subscriptions ask for. At 0 nothing is sent again: at most once. */
  readonly qos: 0 | 1;
  readonly clock: Clock;
  readonly random: Random;
  /** Before the next attempt; `failures` counts from 0. */
  readonly pauseMs: (failures: number) => number;
  readonly limits?: Partial<SiteBrokerLimits>;
}

/** PEM contents; the app reads the files. */
export interface SiteTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export interface SiteBrokerLimits {
  /** A message's payload; larger ones are acknowledged, dropped and counted. */
  readonly maxPayloadBytes: number;
  /** Any MQTT packet; larger messages are dropped before they are gathered. */
  readonly maxPacketBytes: number;
  readonly maxTopicBytes: number;
  /** Messages taken and not answered yet. */
  readonly maxUnderWay: number;
  readonly maxBytesUnderWay: number;
  /** What comes faster waits. */
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  /** Messages for devices that the broker has not answered; one more is refused. */
  readonly maxPublishing: number;
}

export const SITE_BROKER_LIMITS: SiteBrokerLimits = {
  maxPayloadBytes: 256 * 1024,
  maxPacketBytes: 1024 * 1024,
  maxTopicBytes: 256,
  maxUnderWay: 200,
  maxBytesUnderWay: 8 * 1024 * 1024,
  messagesPerSecond: 4_000,
  messageBurst: 8_000,
  maxPublishing: 64,
};

export type SiteBrokerCounter =
  | 'live'
  | 'retained'
  | 'replayed'
  | 'ofUnknownAge'
  | 'repeated'
  | 'foreign'
  | 'oversized'
  | 'badTopics'
  | 'delayed'
  | 'handlerFailures'
  | 'reconnects'
  | 'takeovers'
  | 'refusedSubscriptions';
