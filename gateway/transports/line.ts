/**
 * The line port: a byte stream to a device, whatever carries it (serial, TCP, in process). The runner opens,
 * reopens and closes; an open line reports its end exactly once.
 */
export interface Line {
  write(bytes: Uint8Array): void;
  close(): void;
}

export interface LineHandlers {
  onBytes(chunk: Uint8Array): void;
  onClose(reason: string): void;
}

export interface LineOpener {
  /** Where it leads, for people: `tcp://10.0.0.5:5084`, `serial:/dev/ttyUSB0 9600 8N1`. */
  readonly address: string;
  /** Resolves when the line is up; rejects with a reason a person can act on. */
  open(handlers: LineHandlers): Promise<Line>;
}
