/**
 * A Mettler-Toledo scale that speaks MT-SICS levels 0 and 1, byte for byte: S, SI, SIR, SR, Z, ZI, T, TI, TA, TAC,
 * @, I0 to I4. Mirror of the mt-sics driver. The world puts loads on it; noise, settling, motion, overload and
 * underload come from the load cell. Lines leave in two pieces now and then, as they do behind a USB adapter.
 */
import type { Random } from '../../../protocol/ports/random.ts';
import { decodeCommand, SICS_COMMANDS, type SicsCommand } from '../../../protocol/wire/mt-sics/command.ts';
import { encodeReply, type SicsReply, STANDARD_FIELD_WIDTH } from '../../../protocol/wire/mt-sics/reply.ts';
import { fromMilligrams, toMilligrams } from '../../../protocol/wire/shared/mass.ts';
import type { ByteDevice, DeviceOutput } from '../device.ts';
import type { DeviceFault } from '../faults.ts';
import { LoadCell, type LoadCellOptions } from '../shared/load-cell.ts';
import { TimedSends } from '../shared/timed-sends.ts';

export interface MtSicsScaleOptions extends Partial<Omit<LoadCellOptions, 'random'>> {
  readonly random: Random;
  readonly serialNumber?: string;
  readonly model?: string;
  readonly unit?: string;
  /** Places behind the point in that unit. */
  readonly decimals?: number;
  /** Pace of SIR and of the checks for S, SR, T. */
  readonly streamIntervalMs?: number;
  /** How long S and T wait for stability before they answer `I`. */
  readonly stabilityTimeoutMs?: number;
  /** Chance that a line leaves in two pieces. */
  readonly splitChance?: number;
}

type ScaleFault = 'silent' | 'error';

export const SCALE_FAULTS: Readonly<Record<ScaleFault, DeviceFault>> = {
  silent: { what: 'powered, says nothing', raises: [] },
  error: { what: 'its electronics answer every weight with `S I`', raises: ['DEVICE_FAULT'] },
};

/** One division, when the options do not say. */
export const READABILITY_MILLIGRAMS = 10_000;

const MAX_COMMAND_BYTES = 80;

/** Why there is no weight. */
const OUT_OF_RANGE = { overload: '+', underload: '-' } as const;
/** Why there is no zero. */
const NO_ZERO = { moving: 'I', above: '+', below: '-' } as const;
const WEIGHT_STATUS = { stable: 'S', dynamic: 'D' } as const;

export class MtSicsScale implements ByteDevice {
  readonly transport = 'bytes';
  readonly #options: Required<Omit<MtSicsScaleOptions, keyof LoadCellOptions>>;
  readonly #random: Random;
  readonly #cell: LoadCell;
  readonly #sends = new TimedSends();
  #connected = false;
  #command = '';
  #tare = 0;
  #fault: ScaleFault | undefined;
  #streaming: 'SIR' | 'SR' | undefined;
  #lastSent: string | undefined;
  /** An S or T that waits for the pan to stand still. */
  #waiting: { readonly name: 'S' | 'T'; readonly until: number } | undefined;
  #nextSampleAt: number | undefined;

  constructor(options: MtSicsScaleOptions) {
    this.#random = options.random;
    this.#options = {
      serialNumber: options.serialNumber ?? '1234567',
      model: options.model ?? 'ICS469',
      unit: options.unit ?? 'kg',
      decimals: options.decimals ?? 2,
      streamIntervalMs: options.streamIntervalMs ?? 100,
      stabilityTimeoutMs: options.stabilityTimeoutMs ?? 5_000,
      splitChance: options.splitChance ?? 0.1,
    };
    this.#cell = new LoadCell({
      capacityMilligrams: options.capacityMilligrams ?? 60_000_000,
      readabilityMilligrams: options.readabilityMilligrams ?? READABILITY_MILLIGRAMS,
      settleMs: options.settleMs ?? 250,
      stableAfterMs: options.stableAfterMs ?? 300,
      noiseMilligrams: options.noiseMilligrams ?? 1_000,
      random: options.random,
    });
  }

  /** What truly lies on the pan. */
  setLoadMilligrams(milligrams: number, now: number): void {
    this.#cell.setLoad(milligrams, now);
  }

  setFault(fault: ScaleFault | undefined): void {
    this.#fault = fault;
  }

  onConnect(): DeviceOutput {
    this.#connected = true;
    this.#command = '';
    return { send: [], publish: [] };
  }

  onBytes(chunk: Uint8Array, now: number): DeviceOutput {
    for (const byte of chunk) {
      const character = byte & 0x7f;
      if (character !== 0x0d && character !== 0x0a) {
        if (this.#command.length < MAX_COMMAND_BYTES) this.#command += String.fromCharCode(character);
      } else if (this.#command.length > 0) {
        const line = this.#command;
        this.#command = '';
        this.#onLine(line, now);
      }
    }
    return this.#flush(now);
  }

  onDisconnect(): void {
    this.#connected = false;
    this.#sends.clear();
  }

  onTick(now: number): DeviceOutput {
    if (this.#nextSampleAt !== undefined && now >= this.#nextSampleAt) this.#sample(now);
    return this.#flush(now);
  }

  nextTickAt(): number | undefined {
    const times = [this.#nextSampleAt, this.#sends.nextAt()].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #onLine(line: string, now: number): void {
    const command = decodeCommand(line);
    if (command === undefined) this.#reply({ kind: 'error', code: 'ES' }, now);
    else this.#obey(command, now);
  }

  #obey(command: SicsCommand, now: number): void {
    switch (command.name) {
      case 'SI':
        this.#cancel();
        this.#replyWeight(now);
        return;
      case 'SIR':
      case 'SR':
        this.#cancel();
        this.#streaming = command.name;
        this.#sample(now);
        return;
      case 'S':
      case 'T':
        this.#cancel();
        this.#waiting = { name: command.name, until: now + this.#options.stabilityTimeoutMs };
        this.#sample(now);
        return;
      case 'TI':
        this.#tareAtOnce(now);
        return;
      case 'TA':
        this.#presetTare(command.argument, now);
        return;
      case 'TAC':
        this.#tare = 0;
        this.#reply({ kind: 'done', command: 'TAC', status: 'A' }, now);
        return;
      case 'Z':
      case 'ZI':
        this.#zero(command.name, now);
        return;
      case '@':
        this.#cancel();
        this.#tare = 0;
        this.#sendIdentity('I4', now);
        return;
      case 'I0':
      case 'I1':
      case 'I2':
      case 'I3':
      case 'I4':
        this.#sendIdentity(command.name, now);
    }
  }

  #cancel(): void {
    this.#streaming = undefined;
    this.#waiting = undefined;
    this.#nextSampleAt = undefined;
    this.#lastSent = undefined;
  }

  #sample(now: number): void {
    if (this.#waiting !== undefined) this.#sampleWaiting(this.#waiting, now);
    else if (this.#streaming === 'SIR') this.#replyWeight(now);
    else if (this.#streaming === 'SR') this.#replyChange(now);
    const goesOn = this.#waiting !== undefined || this.#streaming !== undefined;
    this.#nextSampleAt = goesOn ? now + this.#options.streamIntervalMs : undefined;
  }

  #sampleWaiting(waiting: { readonly name: 'S' | 'T'; readonly until: number }, now: number): void {
    const indication = this.#cell.read(now);
    if (indication.state === 'dynamic' && now < waiting.until) return;
    this.#waiting = undefined;
    if (indication.state === 'dynamic') {
      this.#reply({ kind: 'refusal', command: waiting.name, reason: 'I' }, now);
    } else if (indication.state !== 'stable') {
      const reason = OUT_OF_RANGE[indication.state];
      this.#reply({ kind: 'refusal', command: waiting.name, reason }, now);
    } else if (waiting.name === 'T') {
      this.#tare = indication.grossMilligrams;
      this.#reply(this.#weight('T', 'S', this.#tare), now);
    } else {
      this.#reply(this.#weight('S', 'S', indication.grossMilligrams - this.#tare), now);
    }
  }

  #replyChange(now: number): void {
    const reply = this.#weighing(now);
    const text = encodeReply(reply);
    if (reply.kind === 'weight' && reply.status === 'S' && text !== this.#lastSent) {
      this.#lastSent = text;
      this.#reply(reply, now);
    }
  }

  #replyWeight(now: number): void {
    this.#reply(this.#weighing(now), now);
  }

  #weighing(now: number): SicsReply {
    const indication = this.#cell.read(now);
    if (this.#fault === 'error') return { kind: 'refusal', command: 'S', reason: 'I' };
    if (indication.state !== 'stable' && indication.state !== 'dynamic') {
      return { kind: 'refusal', command: 'S', reason: OUT_OF_RANGE[indication.state] };
    }
    return this.#weight('S', WEIGHT_STATUS[indication.state], indication.grossMilligrams - this.#tare);
  }

  #tareAtOnce(now: number): void {
    const indication = this.#cell.read(now);
    if (indication.state !== 'stable' && indication.state !== 'dynamic') {
      this.#reply({ kind: 'refusal', command: 'TI', reason: OUT_OF_RANGE[indication.state] }, now);
      return;
    }
    this.#tare = indication.grossMilligrams;
    this.#reply(this.#weight('TI', WEIGHT_STATUS[indication.state], this.#tare), now);
  }

  #presetTare(argument: string | undefined, now: number): void {
    if (argument !== undefined) {
      const [value = '', unit = ''] = argument.trim().split(/ +/);
      const tare = toMilligrams(value, unit);
      if (tare === undefined || tare < 0) {
        this.#reply({ kind: 'refusal', command: 'TA', reason: 'L' }, now);
        return;
      }
      this.#tare = tare;
    }
    this.#reply(this.#weight('TA', 'A', this.#tare), now);
  }

  #zero(name: 'Z' | 'ZI', now: number): void {
    const result = this.#cell.setZero(now);
    if (result === 'done') {
      this.#tare = 0;
      this.#reply({ kind: 'done', command: name, status: name === 'Z' ? 'A' : 'S' }, now);
      return;
    }
    this.#reply({ kind: 'refusal', command: name, reason: NO_ZERO[result] }, now);
  }

  #sendIdentity(command: 'I0' | 'I1' | 'I2' | 'I3' | 'I4', now: number): void {
    const text = (...texts: string[]) => this.#reply({ kind: 'text', command, status: 'A', texts }, now);
    switch (command) {
      case 'I0':
        for (const [index, name] of SICS_COMMANDS.entries()) {
          const status = index === SICS_COMMANDS.length - 1 ? 'A' : 'B';
          const level = ['SIR', 'SR', 'T', 'TI', 'TA', 'TAC'].includes(name) ? 1 : 0;
          this.#reply({ kind: 'text', command, status, level, texts: [name] }, now);
        }
        return;
      case 'I1':
        text('01', '2.30', '2.20', '', '');
        return;
      case 'I2':
        text(this.#options.model);
        return;
      case 'I3':
        text('1.00');
        return;
      case 'I4':
        text(this.#options.serialNumber);
    }
  }

  #weight(command: 'S' | 'T' | 'TI' | 'TA', status: 'S' | 'D' | 'A', milligrams: number): SicsReply {
    const { unit, decimals } = this.#options;
    const value = fromMilligrams(milligrams, unit, decimals);
    return { kind: 'weight', command, status, value, unit, fieldWidth: STANDARD_FIELD_WIDTH };
  }

  #reply(reply: SicsReply, now: number): void {
    if (!this.#connected || this.#fault === 'silent') return;
    const bytes = new TextEncoder().encode(`${encodeReply(reply)}\r\n`);
    this.#sends.addSplit(bytes, now, this.#random, this.#options.splitChance, 8);
  }

  #flush(now: number): DeviceOutput {
    return { send: this.#sends.take(now), publish: [] };
  }
}
