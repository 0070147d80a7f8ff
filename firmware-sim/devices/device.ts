/**
 * The simulated-device contract, mirror of the driver contract: deterministic, speaks the bytes of the real thing,
 * knows no sockets and no clock. The host (app) gives it a line over tcp, a pty, MQTT or in process, and calls
 * `onTick` when it asked for it. The world changes a device through its own setters (tag in view, mass, degrees).
 */
export interface ByteDevice {
  readonly transport: 'bytes';
  /** A client has connected. */
  onConnect(now: number): DeviceOutput;
  onBytes(chunk: Uint8Array, now: number): DeviceOutput;
  onDisconnect(now: number): void;
  /** What a further client gets to hear before it is hung up on; absent: nothing. */
  rejectSecondClient?(now: number): Uint8Array[];
  onTick(now: number): DeviceOutput;
  nextTickAt(): number | undefined;
}

/** A client of the gateway's broker. */
export interface MessageDevice {
  readonly transport: 'messages';
  /** MQTT topic filters it subscribes to; none: it only publishes. */
  readonly subscriptions: readonly string[];
  /** Only messages that match a subscription; its own among them, as from any broker. */
  onMessage(message: ReceivedMessage, now: number): DeviceOutput;
  onTick(now: number): DeviceOutput;
  nextTickAt(): number | undefined;
}

export type SimulatedDevice = ByteDevice | MessageDevice;

export interface ReceivedMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** The broker delivered it from its store. */
  readonly retained: boolean;
}

export interface DeviceOutput {
  readonly send: Uint8Array[];
  readonly publish: { topic: string; payload: Uint8Array; retain?: boolean }[];
  /** Hang up on the client (a second LLRP client, a reboot). */
  readonly disconnect?: boolean;
}

export const SILENT: DeviceOutput = { send: [], publish: [] };

/** A tag in the field of an antenna right now, as the world sees it. */
export interface TagInField {
  /** EPC bank content, lower-case hex. */
  readonly epc: string;
  readonly antenna: number;
  /** Signal at this antenna, dBm. */
  readonly rssiDbm: number;
}
