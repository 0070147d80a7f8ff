/**
 * Runs one simulated device: gives it time when it asks for it and carries its output to whatever line it hangs on.
 * `poke` after the world changed its surroundings, so that a device that reports on change wakes up.
 */
import type { Clock, Timer } from '../../protocol/ports/clock.ts';
import type { ByteDevice, DeviceOutput, SimulatedDevice } from '../devices/device.ts';

export interface DeviceSink {
  send(bytes: Uint8Array): void;
  publish(message: { topic: string; payload: Uint8Array; retain?: boolean }): void;
  hangUp(): void;
}

export interface DeviceHost {
  poke(): void;
  /** For byte devices: what the line brings. */
  connect(sink: DeviceSink): void;
  receive(chunk: Uint8Array): void;
  disconnect(): void;
  stop(): void;
}

export function hostDevice(id: string, device: SimulatedDevice, clock: Clock, sink?: DeviceSink): DeviceHost {
  let line: DeviceSink | undefined = sink;
  let timer: Timer | undefined;
  let stopped = false;

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
    if (due === undefined || stopped) return;
    timer = clock.setTimer(due - clock.now(), `${id} device`, () => carry(device.onTick(clock.now())));
  };
  const bytes = (): ByteDevice => {
    if (device.transport !== 'bytes') throw new Error(`${id} has no line`);
    return device;
  };

  schedule();
  return {
    poke: schedule,
    connect(next) {
      line = next;
      carry(bytes().onConnect(clock.now()));
    },
    receive(chunk) {
      carry(bytes().onBytes(chunk, clock.now()));
    },
    disconnect() {
      line = undefined;
      bytes().onDisconnect(clock.now());
      schedule();
    },
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}
