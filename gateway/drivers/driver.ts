/**
 * The driver contract. A driver is a deterministic object made from its configuration; it knows no sockets, no
 * clock, no logging. The runner (app) owns the transport, reconnects, and calls in; what comes back says
 * everything that follows: readings, bytes or messages to send, bytes thrown away, the next wanted tick.
 * The same input in any chunking gives the same readings. Nothing a device sends makes a driver throw.
 */
import type { Reading } from '../../protocol/readings/reading.ts';

/** `Sent` is what goes to the device: bytes on a line, or messages through a broker. */
export interface DriverOutput<Sent = Uint8Array> {
  readonly readings: readonly Reading[];
  /** For the device, in order. */
  readonly send: readonly Sent[];
  /** Bytes or messages that made no sense, counted by reason. */
  readonly discarded: readonly Discarded[];
  /** The session is beyond repair: close the line, or end the subscription, and open it again; says why. */
  readonly reconnect?: string;
  /** One stable line on how the session stands, shown on the status page, e.g. `reading, ROSpec 1 started`. */
  readonly state?: string;
}

export interface Discarded {
  /** Stable code, e.g. `BAD_CRC`, `GARBAGE`, `OVERSIZED_FRAME`, `UNKNOWN_MESSAGE`, `BAD_JSON`. */
  readonly reason: string;
  readonly bytes: number;
}

interface DriverCalls<Sent> {
  /** The way to the device is open: reset what was of the last session, start a new one. */
  onOpen(now: number): DriverOutput<Sent>;
  /** It is not any more: nothing can be sent now. */
  onClose(now: number): DriverOutput<Sent>;
  onTick(now: number): DriverOutput<Sent>;
  /** When the driver next wants `onTick` (epoch ms); asked again after every call. */
  nextTickAt(): number | undefined;
}

/** A driver on a byte stream: serial or TCP. */
export interface ByteDriver extends DriverCalls<Uint8Array> {
  readonly transport: 'bytes';
  onBytes(chunk: Uint8Array, now: number): DriverOutput;
}

/**
 * A driver on MQTT messages, which devices publish to the gateway's own broker or to one of the site. Open means
 * that the broker is reached, not that the device listens: what a driver sends and the device must have (a start
 * command), it sends again on its ticks until an answer comes. A broker may bring it its own messages back.
 */
export interface MessageDriver extends DriverCalls<OutgoingMessage> {
  readonly transport: 'messages';
  /** MQTT topic filters it wants. */
  readonly subscriptions: readonly string[];
  onMessage(message: DeviceMessage, now: number): DriverOutput<OutgoingMessage>;
}

export interface DeviceMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly origin: MessageOrigin;
}

/**
 * How fresh a message is, as far as the protocol can say.
 * - `live`: published just now, also when its publisher asked the broker to keep it (Zigbee2MQTT publishes all so).
 * - `retained`: what the broker had kept of its topic when the gateway subscribed: true once.
 * - `replayed`: held for the gateway, or by a bridge, and delivered late.
 * - `unknown`: it may be any of these. Only the device's own time makes it fresh.
 */
export type MessageOrigin = (typeof MESSAGE_ORIGINS)[number];
export const MESSAGE_ORIGINS = ['live', 'retained', 'replayed', 'unknown'] as const;

/** A message for a device. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
}

export type Driver = ByteDriver | MessageDriver;

export const NOTHING: DriverOutput<never> = { readings: [], send: [], discarded: [] };

/**
 * Where the times of a driver's readings come from.
 * - `gateway`: the device gives none, so that a reading is as old as its arrival.
 * - `device-differences`: of the device's times only the distances between them are believed, whatever its clock says.
 * - `device-clock`: its clock was set by somebody, and its times stand where they can be true. Only such a driver must
 *   be given the wall clock; the others get one that never jumps.
 */
type TimeSource = 'gateway' | 'device-differences' | 'device-clock';

/** Everything the registry needs to know about a kind of driver. */
export interface DriverKind<Options = unknown> {
  /** Its name in gateway.yaml. */
  readonly kind: string;
  readonly transport: Driver['transport'];
  timeSource(options: Options): TimeSource;
  /**
   * For frames without a checksum, long enough to hide others: how long the driver may take to see that a stray header
   * is none, and to ask for a new session. Absent: it reads the next good frame at once.
   */
  readonly resyncMs?: number;
  /** zod schema of its `options`. */
  readonly options: { parse(input: unknown): Options };
  create(device: string, options: Options): Driver;
}
