/**
 * The driver contract. A driver is a deterministic object made from its configuration; it knows no sockets, no
 * clock, no logging. The runner (app) owns the transport, reconnects, and calls in; what comes back says
 * everything that follows: readings, bytes or messages to send, bytes thrown away, the next wanted tick.
 * The same input in any chunking gives the same readings. Nothing a device sends makes a driver throw.
 */
import type { Reading } from '../../protocol/readings/reading.ts';

export interface DriverOutput {
  readonly readings: Reading[];
  /** Bytes for the device, in order (byte drivers). */
  readonly send: Uint8Array[];
  /** Bytes or messages that made no sense, counted by reason. */
  readonly discarded: Discarded[];
  /** Close and reopen the line: the session is beyond repair; says why. */
  readonly reconnect?: string;
  /** One stable line on how the session stands, shown on the status page, e.g. `reading, ROSpec 1 started`. */
  readonly state?: string;
}

export interface Discarded {
  /** Stable code, e.g. `BAD_CRC`, `GARBAGE`, `OVERSIZED_FRAME`, `UNKNOWN_MESSAGE`, `BAD_JSON`. */
  readonly reason: string;
  readonly bytes: number;
}

/** A driver on a byte stream: serial or TCP. */
export interface ByteDriver {
  readonly transport: 'bytes';
  /** The line is up: reset the parser, start the session. */
  onOpen(now: number): DriverOutput;
  onBytes(chunk: Uint8Array, now: number): DriverOutput;
  /** The line is down. */
  onClose(now: number): DriverOutput;
  onTick(now: number): DriverOutput;
  /** When the driver next wants `onTick` (epoch ms); asked again after every call. */
  nextTickAt(): number | undefined;
}

/** A driver on MQTT messages that devices publish to the gateway's broker. */
export interface MessageDriver {
  readonly transport: 'messages';
  /** MQTT topic filters it wants. */
  readonly subscriptions: readonly string[];
  onMessage(message: DeviceMessage, now: number): DriverOutput;
  onTick(now: number): DriverOutput;
  nextTickAt(): number | undefined;
}

export interface DeviceMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /**
   * A broker delivered it from its store: old. False for a message just published, also when its publisher asked
   * the broker to keep it (Zigbee2MQTT publishes everything so).
   */
  readonly retained: boolean;
}

export type Driver = ByteDriver | MessageDriver;

export const NOTHING: DriverOutput = { readings: [], send: [], discarded: [] };

/** Everything the registry needs to know about a kind of driver. */
export interface DriverKind<Options = unknown> {
  /** Its name in gateway.yaml. */
  readonly kind: string;
  readonly transport: Driver['transport'];
  /** zod schema of its `options`. */
  readonly options: { parse(input: unknown): Options };
  create(device: string, options: Options): Driver;
}
