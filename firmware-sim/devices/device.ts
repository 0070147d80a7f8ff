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
  onTick(now: number): DeviceOutput;
  nextTickAt(): number | undefined;
}

export interface MessageDevice {
  readonly transport: 'messages';
  onTick(now: number): DeviceOutput;
  nextTickAt(): number | undefined;
}

export type SimulatedDevice = ByteDevice | MessageDevice;

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
