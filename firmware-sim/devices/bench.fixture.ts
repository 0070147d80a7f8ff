/**
 * The devices of one plan on a bench of their own: time, lines and a broker by hand, and a world that can be moved
 * by numbers. Writes down what the devices say.
 */

import { topicMatches } from '../../protocol/link/topic-filter.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import type { DeviceOutput, ReceivedMessage, SimulatedDevice } from './device.ts';
import type { DevicePlan } from './device-plan.ts';
import type { FaultHandle } from './faults.ts';
import type { DeviceHandles } from './handles.ts';
import { deviceKindOf } from './registry.ts';

const START = Date.UTC(2026, 2, 2, 6);
/** More ticks without the time going on, and a device spins. */
const MAX_TICKS_AT_ONCE = 50;

export class DeviceBench {
  readonly handles: DeviceHandles;
  /** `time device line|topic hex`, and whether it hung up. */
  readonly said: string[] = [];
  readonly #devices: readonly SimulatedDevice[];
  readonly #moves: readonly ((value: number) => void)[];
  #now = START;

  constructor(plan: DevicePlan, seed = 1) {
    const unit = deviceKindOf(plan).create(plan.options, {
      random: seededRandom(seed, 'device'),
      now: () => this.#now,
      changed: () => {},
    });
    this.#devices = unit.devices;
    this.handles = unit.handles;
    this.#moves = movesOf(unit.handles);
  }

  /** All that was said on lines, as one. */
  get bytes(): string {
    return this.said.flatMap((line) => line.split(' line ')[1] ?? []).join('');
  }

  connect(): void {
    this.#each('bytes', (device) => device.onConnect(this.#now));
  }

  disconnect(): void {
    for (const device of this.#devices) if (device.transport === 'bytes') device.onDisconnect(this.#now);
  }

  bring(chunk: Uint8Array): void {
    this.#each('bytes', (device) => device.onBytes(chunk, this.#now));
  }

  /** To the devices that subscribe to the topic. */
  publish(message: ReceivedMessage): void {
    this.#each('messages', (device) =>
      device.subscriptions.some((filter) => topicMatches(filter, message.topic))
        ? device.onMessage(message, this.#now)
        : undefined,
    );
  }

  /** One of the things that the world can do to the devices. */
  move(which: number, value: number): void {
    this.#moves[which % this.#moves.length]?.(value);
  }

  /** Everything that the world can do, with signals, loads and degrees that a device reports. */
  moveAll(value: number): void {
    for (const move of this.#moves) move(value);
  }

  pass(milliseconds: number): void {
    const until = this.#now + milliseconds;
    let ticks = 0;
    for (;;) {
      const due = Math.min(...this.#devices.map((device) => device.nextTickAt() ?? Number.POSITIVE_INFINITY));
      if (due > until) break;
      ticks = due > this.#now ? 0 : ticks + 1;
      if (ticks > MAX_TICKS_AT_ONCE) throw new Error('a device asks for ticks without end');
      this.#now = Math.max(this.#now, due);
      for (const [index, device] of this.#devices.entries()) {
        if ((device.nextTickAt() ?? until + 1) <= this.#now) this.#write(index, device.onTick(this.#now));
      }
    }
    this.#now = until;
  }

  #each<T extends SimulatedDevice['transport']>(
    transport: T,
    act: (device: Extract<SimulatedDevice, { transport: T }>) => DeviceOutput | undefined,
  ): void {
    const isMeant = (device: SimulatedDevice): device is Extract<SimulatedDevice, { transport: T }> =>
      device.transport === transport;
    for (const [index, device] of this.#devices.entries()) {
      const output = isMeant(device) ? act(device) : undefined;
      if (output !== undefined) this.#write(index, output);
    }
  }

  #write(index: number, output: DeviceOutput): void {
    const head = `${this.#now - START} ${index}`;
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
    for (const bytes of output.send) this.said.push(`${head} line ${hex(bytes)}`);
    for (const { topic, payload, retain } of output.publish) {
      this.said.push(`${head} ${topic} ${hex(payload)}${retain === true ? ' retained' : ''}`);
    }
    if (output.disconnect === true) this.said.push(`${head} hung up`);
  }
}

/** Everything of a device that can break, with a name. */
export function breakablesOf(handles: DeviceHandles): { what: string; part: FaultHandle }[] {
  return [
    ...(handles.faults === undefined ? [] : [{ what: 'device', part: handles.faults }]),
    ...[...(handles.probes ?? [])].map(([channel, part]) => ({ what: `probe ${channel}`, part })),
  ];
}

function movesOf(handles: DeviceHandles): ((value: number) => void)[] {
  const { reader, scale } = handles;
  const tag = (antenna: number) => ({ epc: '3074257bf7194e4000001a85', antenna, rssiDbm: -45 });
  return [
    ...(reader === undefined
      ? []
      : [
          (value: number) => reader.setTags([1, 2, 3, 4].slice(0, 1 + (value % 4)).map(tag)),
          (value: number) => reader.setGpi(1 + (value % 4), value % 2 === 1),
        ]),
    ...(scale === undefined ? [] : [(value: number) => scale.setLoadMilligrams(value * 1000)]),
    ...[...(handles.probes?.values() ?? [])].flatMap((probe) => [
      (value: number) => probe.setTemperatureMilliCelsius(value),
      (value: number) => probe.setHumidityMilliPercent(value),
    ]),
    ...[...(handles.contacts?.values() ?? [])].map((contact) => (value: number) => {
      contact.setOpen(value % 2 === 1);
    }),
    ...breakablesOf(handles).map(({ part }) => (value: number) => {
      // Odd numbers break nothing, so that the world at large can be moved by one.
      const names = Object.keys(part.faults);
      part.setFault(value % 2 === 1 ? undefined : names[(value / 2) % names.length]);
    }),
  ];
}
