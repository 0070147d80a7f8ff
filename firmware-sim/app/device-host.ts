/**
 * Runs one simulated device: gives it time when it asks for it and carries its output to whatever line it hangs on.
 * `poke` after the world changed its surroundings, so that a device that reports on change wakes up.
 */
import type { Clock, Timer } from '../../protocol/ports/clock.ts';
import type {
  ByteDevice,
  DeviceOutput,
  MessageDevice,
  ReceivedMessage,
  SimulatedDevice,
} from '../devices/device.ts';

export interface DeviceSink {
  send(bytes: Uint8Array): void;
  publish(message: { topic: string; payload: Uint8Array; retain?: boolean }): void;
  hangUp(): void;
}

export interface DeviceHost {
  readonly transport: SimulatedDevice['transport'];
  /** What a message device subscribes to. */
  readonly subscriptions: readonly string[];
  poke(): void;
  /** Someone is there to hear it: a client on the line, or a broker. */
  attach(sink: DeviceSink): void;
  /** For byte devices: what the line brings. */
  receive(chunk: Uint8Array): void;
  /** For message devices: what the broker brings on their subscriptions. */
  receiveMessage(message: ReceivedMessage): void;
  /** For byte devices: what another client gets to hear that comes while one is attached. */
  rejectSecondClient(): Uint8Array[];
  detach(): void;
}

export function hostDevice(id: string, device: SimulatedDevice, clock: Clock): DeviceHost {
  let line: DeviceSink | undefined;
  let timer: Timer | undefined;

  const carry = (output: DeviceOutput) => {
    for (const bytes of output.send) line?.send(bytes);
    for (const message of output.publish) line?.publish(message);
    if (output.disconnect === true) line?.hangUp();
    schedule();
  };
  const schedule = () => {
    timer?.cancel();
    timer = undefined;
    const due = device.nextTickAt();
    // A message device that cannot publish yet keeps its news.
    if (due === undefined || (line === undefined && device.transport === 'messages')) return;
    timer = clock.setTimer(due - clock.now(), `${id} device`, () => carry(device.onTick(clock.now())));
  };
  const onLine = (): ByteDevice => {
    if (device.transport !== 'bytes') throw new Error(`${id} has no line`);
    return device;
  };
  const onBroker = (): MessageDevice => {
    if (device.transport !== 'messages') throw new Error(`${id} is no client of a broker`);
    return device;
  };

  return {
    transport: device.transport,
    subscriptions: device.transport === 'messages' ? device.subscriptions : [],
    poke: schedule,
    attach(sink) {
      line = sink;
      if (device.transport === 'bytes') carry(device.onConnect(clock.now()));
      else schedule();
    },
    receive(chunk) {
      carry(onLine().onBytes(chunk, clock.now()));
    },
    receiveMessage(message) {
      const client = onBroker();
      // What a broker still had under way when the client left.
      if (line !== undefined) carry(client.onMessage(message, clock.now()));
    },
    rejectSecondClient() {
      const said = onLine().rejectSecondClient?.(clock.now()) ?? [];
      schedule();
      return said;
    },
    detach() {
      line = undefined;
      if (device.transport === 'bytes') device.onDisconnect(clock.now());
      schedule();
    },
  };
}
