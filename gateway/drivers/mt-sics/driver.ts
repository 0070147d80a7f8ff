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
import { Deadlines } from '../shared/deadlines.ts';
import { Outputs } from '../shared/outputs.ts';
import { type MtSicsOptions, mtSicsOptions } from './options.ts';

/** How long the answer to I4 is waited for. */
const IDENTIFY_MS = 1_000;
const CHANNEL = '1';

type RefusalReason = Extract<SicsReply, { kind: 'refusal' }>['reason'];
/** Why a scale gives no weight, as a state of one. */
const STATE_REFUSED: Readonly<Record<RefusalReason, Weight['state']>> = {
  '+': 'overload',
  '-': 'underload',
  I: 'error',
  L: 'error',
};

export const mtSics: DriverKind<MtSicsOptions> = {
  kind: 'mt-sics',
  transport: 'bytes',
  timeSource: () => 'gateway',
  options: mtSicsOptions,
  create: (device, options) => new MtSicsDriver(device, options),
};

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
  readonly #deadlines = new Deadlines<'identity' | 'silence' | 'poll'>();

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
    this.#deadlines.clearAll();
    this.#deadlines.notice(now);
    const output = new Outputs();
    if (this.#options.identify) {
      this.#phase = 'identifying';
      this.#deadlines.set('identity', now + IDENTIFY_MS);
      output.send.push(encodeCommand({ name: 'I4' }));
    } else {
      this.#start(output, now);
    }
    return this.#finish(output);
  }

  onBytes(chunk: Uint8Array, now: number): DriverOutput {
    if (this.#phase === 'closed') return discardAll(chunk);
    this.#deadlines.notice(now);
    const output = new Outputs();
    for (const event of this.#parser.push(chunk)) this.#onLine(event, output, now);
    return this.#finish(output);
  }

  onClose(): DriverOutput {
    this.#phase = 'closed';
    this.#deadlines.clearAll();
    const output = new Outputs();
    output.discardBytes('CUT_OFF', this.#parser.reset());
    return output.finish();
  }

  onTick(now: number): DriverOutput {
    if (this.#phase === 'closed') return NOTHING;
    this.#deadlines.notice(now);
    const output = new Outputs();
    if (this.#deadlines.isDue('identity', now)) this.#start(output, now);
    else if (this.#deadlines.isDue('silence', now)) this.#onSilence(output, now);
    else if (this.#deadlines.isDue('poll', now)) this.#poll(output);
    return this.#finish(output);
  }

  nextTickAt(): number | undefined {
    return this.#deadlines.next();
  }

  #onLine(event: SicsLineEvent, output: Outputs, now: number): void {
    if (event.kind === 'garbage') {
      output.discard(event.reason, event.bytes);
      return;
    }
    this.#restarted = false;
    if (this.#phase === 'identifying') {
      this.#onIdentity(event.reply, output, now);
      return;
    }
    this.#expectMore(now);
    this.#onReply(event.reply, event.raw, output, now);
  }

  #onIdentity(reply: SicsReply, output: Outputs, now: number): void {
    if (reply.kind === 'text' && reply.command === 'I4') this.#serialNumber = reply.texts[0];
    // A stream that still runs from before is no answer to I4; anything else is, refusals included.
    if (reply.kind !== 'weight') this.#start(output, now);
  }

  #onReply(reply: SicsReply, raw: string, output: Outputs, now: number): void {
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
      default:
        reply satisfies never;
    }
  }

  #onWeight(reply: SicsReply & { kind: 'weight' }, raw: string, output: Outputs, now: number): void {
    const { weightFieldWidth } = this.#options;
    if (weightFieldWidth !== 'any' && reply.fieldWidth !== weightFieldWidth) {
      output.discard('WRONG_FIELD_WIDTH', raw.length);
      this.#answered(now);
      return;
    }
    this.#heardWeight = true;
    this.#answered(now);
    if (reply.netMilligrams === undefined) {
      output.discard('UNKNOWN_UNIT', raw.length);
      output.readings.push({ ...this.#weight('error', raw, now), unit: reply.unit });
      return;
    }
    const state = reply.status === 'S' ? 'stable' : 'dynamic';
    const { netMilligrams, unit } = reply;
    output.readings.push({ ...this.#weight(state, raw, now), netMilligrams, unit });
  }

  #onRefusal(command: string, reason: RefusalReason, raw: string, output: Outputs, now: number): void {
    if (!command.startsWith('S')) return;
    this.#heardWeight = true;
    this.#answered(now);
    output.readings.push(this.#weight(STATE_REFUSED[reason], raw, now));
  }

  #weight(state: Weight['state'], raw: string, now: number): Weight {
    return { kind: 'weight', device: this.#device, channel: CHANNEL, at: now, state, raw };
  }

  #onSilence(output: Outputs, now: number): void {
    if (this.#restarted) {
      output.reconnect(`scale silent for ${2 * this.#options.silentMs} ms, restart command unanswered`);
      this.#phase = 'closed';
      this.#deadlines.clearAll();
      return;
    }
    this.#start(output, now);
    this.#restarted = true;
  }

  #start(output: Outputs, now: number): void {
    this.#phase = 'running';
    this.#heardWeight = false;
    this.#deadlines.clear('identity');
    this.#expectMore(now);
    if (this.#polling) {
      this.#poll(output);
      return;
    }
    this.#deadlines.clear('poll');
    output.send.push(encodeCommand({ name: 'SIR' }));
  }

  #poll(output: Outputs): void {
    this.#deadlines.clear('poll');
    const name: SicsCommandName = this.#options.mode === 'poll' ? this.#options.pollCommand : 'SI';
    output.send.push(encodeCommand({ name }));
  }

  /** The question is answered: the next one after the pause. An unanswered one is left to the watchdog. */
  #answered(now: number): void {
    if (!this.#polling || this.#deadlines.at('poll') !== undefined) return;
    this.#deadlines.set('poll', now + this.#options.pollMs);
  }

  #expectMore(now: number): void {
    this.#deadlines.set('silence', now + this.#options.silentMs);
  }

  #finish(output: Outputs): DriverOutput {
    output.state(this.#stateInWords());
    return output.finish();
  }

  #stateInWords(): string {
    if (this.#phase === 'closed') return 'closed';
    if (this.#phase === 'identifying') return 'identifying (I4)';
    const scale = this.#serialNumber === undefined ? 'scale' : `scale ${this.#serialNumber}`;
    const way = this.#polling ? 'polled' : 'streaming (SIR)';
    return this.#heardWeight ? `${scale}, ${way}` : `${scale}, ${way}, no weight yet`;
  }
}

function discardAll(chunk: Uint8Array): DriverOutput {
  const output = new Outputs();
  output.discard('NOT_OPEN', chunk.length);
  return output.finish();
}
