/**
 * Master of a Modbus RTU bus with sensors on it (Modbus over Serial Line V1.02). Owns the order of questions: one
 * on the bus at a time, a silent gap between frames, a time limit, retries. A round asks every read of every unit.
 *
 * A unit that does not answer is a fault, once per outage: a Condition with fault NO_REPLY per metric and a
 * DeviceHealth bracket; while it is away it is asked once per round without retries, so that it does not starve
 * the others. A reply that comes after its time limit is thrown away: it would be taken for the next one's.
 */
import type { Metric, Reading } from '../../../protocol/readings/reading.ts';
import { encodeReadRequest, type ModbusReply } from '../../../protocol/wire/modbus-rtu/frame.ts';
import { ReplyScanner } from '../../../protocol/wire/modbus-rtu/scanner.ts';
import { type ByteDriver, type DriverKind, type DriverOutput, NOTHING } from '../driver.ts';
import { Deadlines } from '../shared/deadlines.ts';
import { Outputs } from '../shared/outputs.ts';
import { judge, NO_MEMORY, type ValueMemory } from './judge.ts';
import { findProfile, type ModbusRtuOptions, modbusRtuOptions } from './options.ts';
import { type ModbusProfile, STANDARD_EXCEPTIONS } from './profiles.ts';

export const modbusRtu: DriverKind<ModbusRtuOptions> = {
  kind: 'modbus-rtu',
  transport: 'bytes',
  timeSource: () => 'gateway',
  options: modbusRtuOptions,
  create: (device, options) => new ModbusRtuDriver(device, options),
};

type ProfileRead = ModbusProfile['reads'][number];

interface BusUnit {
  readonly address: number;
  readonly channel: string;
  readonly profile: ModbusProfile;
  absent: boolean;
  /** By `<read>/<value>`, within the profile's own numbers. */
  readonly memory: Map<string, ValueMemory>;
}

/** Where the master stands. `attempt` counts from 0. */
type Phase =
  | { readonly kind: 'closed' | 'idle' }
  | { readonly kind: 'gap' | 'waiting'; readonly attempt: number };

/**
 * `phase` ends the phase. The silence of a gap is waited for until `gapAtMost`: somebody who never stops talking must
 * not stop the bus. `round` is when the next one may begin.
 */
type BusDeadline = 'phase' | 'gapAtMost' | 'round';

class ModbusRtuDriver implements ByteDriver {
  readonly transport = 'bytes';
  readonly #device: string;
  readonly #options: ModbusRtuOptions;
  readonly #units: readonly BusUnit[];
  readonly #scanner = new ReplyScanner();
  #phase: Phase = { kind: 'closed' };
  #unitIndex = 0;
  #readIndex = 0;
  readonly #deadlines = new Deadlines<BusDeadline>();

  constructor(device: string, options: ModbusRtuOptions) {
    this.#device = device;
    this.#options = options;
    this.#units = options.units.map((unit) => {
      const profile = findProfile(unit.profile, options.profiles);
      if (profile === undefined) throw new RangeError(`no Modbus profile ${unit.profile}`);
      const channel = unit.channel ?? String(unit.address);
      return { address: unit.address, channel, profile, absent: false, memory: new Map() };
    });
  }

  onOpen(now: number): DriverOutput {
    this.#deadlines.clearAll();
    this.#deadlines.notice(now);
    this.#scanner.expect(undefined);
    const output = new Outputs();
    this.#startRound(output, now);
    return this.#finish(output);
  }

  onBytes(chunk: Uint8Array, now: number): DriverOutput {
    this.#deadlines.notice(now);
    const output = new Outputs();
    const waiting = this.#phase.kind === 'waiting';
    const { found, lost } = this.#scanner.push(chunk);
    for (const { reason, bytes } of lost) {
      output.discard(waiting ? reason : 'UNEXPECTED_REPLY', bytes);
    }
    const [reply] = found;
    if (reply !== undefined) this.#onReply(reply, output, now);
    // Somebody is still talking: the silence before the next question starts anew.
    else if (this.#phase.kind === 'gap') {
      this.#deadlines.set(
        'phase',
        Math.min(this.#deadlines.at('gapAtMost') ?? now, now + this.#options.gapMs),
      );
    }
    return this.#finish(output);
  }

  onClose(): DriverOutput {
    this.#phase = { kind: 'closed' };
    this.#deadlines.clearAll();
    const output = new Outputs();
    output.discardBytes('CUT_OFF', this.#scanner.expect(undefined));
    return output.finish();
  }

  onTick(now: number): DriverOutput {
    this.#deadlines.notice(now);
    const phase = this.#phase;
    if (!this.#deadlines.isDue('phase', now)) return NOTHING;
    const output = new Outputs();
    switch (phase.kind) {
      case 'closed':
        return NOTHING;
      case 'idle':
        this.#startRound(output, now);
        break;
      case 'gap':
        this.#ask(output, now, phase.attempt);
        break;
      case 'waiting':
        this.#onTimeout(phase.attempt, output, now);
        break;
      default:
        return phase satisfies never;
    }
    return this.#finish(output);
  }

  nextTickAt(): number | undefined {
    return this.#deadlines.at('phase');
  }

  #startRound(output: Outputs, now: number): void {
    this.#deadlines.set('round', now + this.#options.pollMs);
    this.#unitIndex = 0;
    this.#readIndex = 0;
    this.#ask(output, now, 0);
  }

  #ask(output: Outputs, now: number, attempt: number): void {
    const { unit, read } = this.#current();
    const request = {
      address: unit.address,
      function: read.function,
      register: read.register,
      quantity: read.quantity,
    };
    this.#scanner.expect(request);
    output.send.push(encodeReadRequest(request));
    this.#phase = { kind: 'waiting', attempt };
    this.#deadlines.set('phase', now + this.#options.timeoutMs);
  }

  #onReply(reply: ModbusReply, output: Outputs, now: number): void {
    const { unit } = this.#current();
    this.#onPresent(unit, output, now);
    if (reply.kind === 'exception') this.#onException(reply.code, output, now);
    else this.#onRegisters(reply.registers, output, now);
    this.#advance(this.#readIndex + 1, now);
  }

  #onRegisters(registers: readonly number[], output: Outputs, now: number): void {
    const { unit, read } = this.#current();
    for (const [index, value] of read.values.entries()) {
      const key = `${this.#readIndex}/${index}`;
      const judgement = judge(value, registers, unit.memory.get(key) ?? NO_MEMORY, now);
      unit.memory.set(key, judgement.memory);
      const result = 'fault' in judgement ? { fault: judgement.fault } : { valueMilli: judgement.valueMilli };
      output.readings.push(this.#condition(unit, value.metric, result, now));
    }
  }

  #onException(code: number, output: Outputs, now: number): void {
    const { unit, read } = this.#current();
    const vendor = unit.profile.exceptions.find((entry) => entry.code === code);
    const fault = vendor?.fault ?? STANDARD_EXCEPTIONS.get(code) ?? `EXCEPTION_${code}`;
    for (const { metric } of read.values) output.readings.push(this.#condition(unit, metric, { fault }, now));
  }

  #onTimeout(attempt: number, output: Outputs, now: number): void {
    const { unit } = this.#current();
    const bytes = this.#scanner.expect(undefined);
    output.discardBytes('INCOMPLETE_REPLY', bytes);
    const attempts = unit.absent ? 0 : this.#options.retries;
    if (attempt < attempts) {
      this.#pause(now, attempt + 1);
      return;
    }
    this.#onAbsent(unit, output, now);
    // Its other reads would fail the same way.
    this.#advance(unit.profile.reads.length, now);
  }

  #onAbsent(unit: BusUnit, output: Outputs, now: number): void {
    if (unit.absent) return;
    unit.absent = true;
    const metrics = unit.profile.reads.flatMap((read) => read.values.map((value) => value.metric));
    for (const metric of new Set(metrics)) {
      output.readings.push(this.#condition(unit, metric, { fault: 'NO_REPLY' }, now));
    }
    output.readings.push(this.#health(unit, true, `unit ${unit.address} does not answer`, now));
  }

  #onPresent(unit: BusUnit, output: Outputs, now: number): void {
    if (!unit.absent) return;
    unit.absent = false;
    output.readings.push(this.#health(unit, false, `unit ${unit.address} answers again`, now));
  }

  #advance(readIndex: number, now: number): void {
    this.#readIndex = readIndex;
    if (readIndex >= (this.#units[this.#unitIndex]?.profile.reads.length ?? 0)) {
      this.#unitIndex += 1;
      this.#readIndex = 0;
    }
    this.#pause(now, 0);
    if (this.#unitIndex < this.#units.length) return;
    this.#phase = { kind: 'idle' };
    this.#deadlines.set('phase', Math.max(now + this.#options.gapMs, this.#deadlines.at('round') ?? now));
  }

  /** The silence before the next question. */
  #pause(now: number, attempt: number): void {
    const { gapMs, timeoutMs } = this.#options;
    this.#phase = { kind: 'gap', attempt };
    this.#deadlines.set('phase', now + gapMs);
    this.#deadlines.set('gapAtMost', now + gapMs + timeoutMs);
  }

  #current(): { unit: BusUnit; read: ProfileRead } {
    const unit = this.#units[this.#unitIndex];
    const read = unit?.profile.reads[this.#readIndex];
    if (unit === undefined || read === undefined) throw new RangeError('no read is due');
    return { unit, read };
  }

  #condition(
    unit: BusUnit,
    metric: Metric,
    result: { readonly valueMilli: number } | { readonly fault: string },
    now: number,
  ): Reading {
    const { channel } = unit;
    return { kind: 'condition', device: this.#device, channel, at: now, metric, ...result, sampledAt: now };
  }

  #health(unit: BusUnit, active: boolean, detail: string, now: number): Reading {
    const { channel } = unit;
    return { kind: 'health', device: this.#device, channel, at: now, condition: 'NO_REPLY', active, detail };
  }

  #finish(output: Outputs): DriverOutput {
    const absent = this.#units.filter((unit) => unit.absent).map((unit) => unit.address);
    const away = absent.length === 0 ? '' : `, no reply from ${absent.join(', ')}`;
    const count = this.#units.length;
    output.state(`polling ${count} ${count === 1 ? 'unit' : 'units'}${away}`);
    return output.finish();
  }
}
