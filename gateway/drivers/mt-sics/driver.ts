/**
 * Driver for Mettler-Toledo scales that speak MT-SICS (levels 0 and 1). Owns the session: identify with I4, then
 * SIR (the scale streams) or S/SI questions at a pace; a scale that refuses SIR is polled instead. It never sends
 * `@` nor `Z`/`T`: those change the scale's tare or zero, which belong to the operator.
 *
 * Watchdog: no valid line for `silentMs` → the start command again; as long again → the line is reopened.
 * A scale that announces itself (power-up sends `I4 A "…"`) is started again at once.
 * Overload, underload and errors are states of a Weight, never a mass.
 */
import type { Weight } from '../../../protocol/readings/reading.ts';
import { encodeCommand, type SicsCommandName } from '../../../protocol/wire/mt-sics/command.ts';
import { type SicsLineEvent, SicsLineParser } from '../../../protocol/wire/mt-sics/line-parser.ts';
import type { SicsReply } from '../../../protocol/wire/mt-sics/reply.ts';
import { type ByteDriver, type DriverKind, type DriverOutput, NOTHING } from '../driver.ts';
import { type MtSicsOptions, mtSicsOptions } from './options.ts';

/** How long the answer to I4 is waited for. */
const IDENTIFY_MS = 1_000;
const CHANNEL = '1';

export const mtSics: DriverKind<MtSicsOptions> = {
  kind: 'mt-sics',
  transport: 'bytes',
  options: mtSicsOptions,
  create: (device, options) => new MtSicsDriver(device, options),
};

interface Output extends DriverOutput {
  reconnect?: string;
  state?: string;
}

class MtSicsDriver implements ByteDriver {
  readonly transport = 'bytes';
  readonly #device: string;
  readonly #options: MtSicsOptions;
  readonly #parser = new SicsLineParser();
  #phase: 'closed' | 'identifying' | 'running' = 'closed';
  #polling: boolean;
  #serialNumber: string | undefined;
  /** A weight came since the last start command: from then on an `ES` is not a refusal of that command. */
  #heardWeight = false;
  #restarted = false;
  #lastNow = 0;
  #identifyUntil = 0;
  #silentFrom = 0;
  #nextPollAt: number | undefined;

  constructor(device: string, options: MtSicsOptions) {
    this.#device = device;
    this.#options = options;
    this.#polling = options.mode === 'poll';
  }

  onOpen(now: number): DriverOutput {
    this.#parser.reset();
    this.#polling = this.#options.mode === 'poll';
    this.#serialNumber = undefined;
    this.#restarted = false;
    this.#lastNow = now;
    this.#silentFrom = now;
    this.#nextPollAt = undefined;
    const output = emptyOutput();
    if (this.#options.identify) {
      this.#phase = 'identifying';
      this.#identifyUntil = now + IDENTIFY_MS;
      output.send.push(encodeCommand({ name: 'I4' }));
    } else {
      this.#start(output, now);
    }
    return this.#finish(output);
  }

  onBytes(chunk: Uint8Array, now: number): DriverOutput {
    if (this.#phase === 'closed') return discardAll(chunk);
    this.#followClock(now);
    const output = emptyOutput();
    for (const event of this.#parser.push(chunk)) this.#onLine(event, output, now);
    return this.#finish(output);
  }

  onClose(): DriverOutput {
    this.#phase = 'closed';
    this.#nextPollAt = undefined;
    const lost = this.#parser.reset();
    return lost === 0 ? NOTHING : { ...NOTHING, discarded: [{ reason: 'CUT_OFF', bytes: lost }] };
  }

  onTick(now: number): DriverOutput {
    if (this.#phase === 'closed') return NOTHING;
    this.#followClock(now);
    const output = emptyOutput();
    if (this.#phase === 'identifying') {
      if (now >= this.#identifyUntil) this.#start(output, now);
    } else if (now - this.#silentFrom >= this.#options.silentMs) {
      this.#onSilence(output, now);
    } else if (this.#nextPollAt !== undefined && now >= this.#nextPollAt) {
      this.#poll(output);
    }
    return this.#finish(output);
  }

  nextTickAt(): number | undefined {
    if (this.#phase === 'closed') return undefined;
    if (this.#phase === 'identifying') return this.#identifyUntil;
    const silentAt = this.#silentFrom + this.#options.silentMs;
    return this.#nextPollAt === undefined ? silentAt : Math.min(silentAt, this.#nextPollAt);
  }

  #onLine(event: SicsLineEvent, output: Output, now: number): void {
    if (event.kind === 'garbage') {
      output.discarded.push({ reason: event.reason, bytes: event.bytes });
      return;
    }
    this.#silentFrom = now;
    this.#restarted = false;
    if (this.#phase === 'identifying') this.#onIdentity(event.reply, output, now);
    else this.#onReply(event.reply, event.raw, output, now);
  }

  #onIdentity(reply: SicsReply, output: Output, now: number): void {
    if (reply.kind === 'text' && reply.command === 'I4') this.#serialNumber = reply.texts[0];
    // A stream that still runs from before is no answer to I4; anything else is, refusals included.
    if (reply.kind !== 'weight') this.#start(output, now);
  }

  #onReply(reply: SicsReply, raw: string, output: Output, now: number): void {
    switch (reply.kind) {
      case 'weight':
        if (reply.command === 'S') this.#onWeight(reply, raw, output, now);
        return;
      case 'refusal':
        this.#onRefusal(reply.command, reply.reason, raw, output, now);
        return;
      case 'error':
        if (reply.code !== 'ET' && !this.#heardWeight && !this.#polling) {
          this.#polling = true;
          this.#start(output, now);
          return;
        }
        output.readings.push(this.#weight('error', raw, now));
        this.#answered(now);
        return;
      case 'text':
        if (reply.command === 'I4' && reply.status === 'A') {
          this.#serialNumber = reply.texts[0];
          this.#start(output, now);
        }
        return;
      case 'done':
        return;
    }
  }

  #onWeight(reply: SicsReply & { kind: 'weight' }, raw: string, output: Output, now: number): void {
    const { weightFieldWidth } = this.#options;
    if (weightFieldWidth !== 'any' && reply.fieldWidth !== weightFieldWidth) {
      output.discarded.push({ reason: 'WRONG_FIELD_WIDTH', bytes: raw.length });
      this.#answered(now);
      return;
    }
    this.#heardWeight = true;
    this.#answered(now);
    if (reply.netMilligrams === undefined) {
      output.discarded.push({ reason: 'UNKNOWN_UNIT', bytes: raw.length });
      output.readings.push({ ...this.#weight('error', raw, now), unit: reply.unit });
      return;
    }
    const state = reply.status === 'S' ? 'stable' : 'dynamic';
    const { netMilligrams, unit } = reply;
    output.readings.push({ ...this.#weight(state, raw, now), netMilligrams, unit });
  }

  #onRefusal(command: string, reason: string, raw: string, output: Output, now: number): void {
    if (!command.startsWith('S')) return;
    const state = reason === '+' ? 'overload' : reason === '-' ? 'underload' : 'error';
    this.#heardWeight = true;
    this.#answered(now);
    output.readings.push(this.#weight(state, raw, now));
  }

  #weight(state: Weight['state'], raw: string, now: number): Weight {
    return { kind: 'weight', device: this.#device, channel: CHANNEL, at: now, state, raw };
  }

  #onSilence(output: Output, now: number): void {
    if (this.#restarted) {
      output.reconnect = `scale silent for ${2 * this.#options.silentMs} ms, restart command unanswered`;
      this.#phase = 'closed';
      return;
    }
    this.#start(output, now);
    this.#restarted = true;
  }

  #start(output: Output, now: number): void {
    this.#phase = 'running';
    this.#heardWeight = false;
    this.#silentFrom = now;
    if (this.#polling) {
      this.#poll(output);
      return;
    }
    this.#nextPollAt = undefined;
    output.send.push(encodeCommand({ name: 'SIR' }));
  }

  #poll(output: Output): void {
    this.#nextPollAt = undefined;
    const name: SicsCommandName = this.#options.mode === 'poll' ? this.#options.pollCommand : 'SI';
    output.send.push(encodeCommand({ name }));
  }

  /** The question is answered: the next one after the pause. An unanswered one is left to the watchdog. */
  #answered(now: number): void {
    if (this.#polling && this.#nextPollAt === undefined) this.#nextPollAt = now + this.#options.pollMs;
  }

  /** Wall time may jump back; deadlines go with it, or the watchdog would sleep for years. */
  #followClock(now: number): void {
    const step = Math.min(0, now - this.#lastNow);
    this.#lastNow = now;
    this.#identifyUntil += step;
    this.#silentFrom += step;
    if (this.#nextPollAt !== undefined) this.#nextPollAt += step;
  }

  #finish(output: Output): DriverOutput {
    output.state = this.#stateInWords();
    return output;
  }

  #stateInWords(): string {
    if (this.#phase === 'closed') return 'closed';
    if (this.#phase === 'identifying') return 'identifying (I4)';
    const scale = this.#serialNumber === undefined ? 'scale' : `scale ${this.#serialNumber}`;
    const way = this.#polling ? 'polled' : 'streaming (SIR)';
    return this.#heardWeight ? `${scale}, ${way}` : `${scale}, ${way}, no weight yet`;
  }
}

function emptyOutput(): Output {
  return { readings: [], send: [], discarded: [] };
}

function discardAll(chunk: Uint8Array): DriverOutput {
  return { ...NOTHING, discarded: [{ reason: 'NOT_OPEN', bytes: chunk.length }] };
}
