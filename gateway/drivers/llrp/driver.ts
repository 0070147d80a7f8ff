/**
 * Driver for fixed RFID readers that speak LLRP 1.0.1 or 1.1 over TCP: opens the session (handshake.ts), keeps it
 * alive, and turns tag reports, inputs and the reader's own complaints into readings.
 * It asks for a new connection when the reader refuses what it cannot do without, does not answer in time, says
 * goodbye, stays silent for three keepalive intervals, or when the line shows that message boundaries were lost:
 * a message stays incomplete for `requestTimeoutMs`, or noise follows one that made no sense and so may have eaten
 * the beginning of another. Noise alone is skipped. Tag reports are taken at any time, in any state.
 */
import {
  type Decoded,
  decodeMessage,
  isKnownMessageType,
  type LlrpMessage,
} from '../../../protocol/wire/llrp/codec.ts';
import { type FrameSink, LlrpFramer } from '../../../protocol/wire/llrp/framing.ts';
import type { ByteDriver, DriverKind, DriverOutput } from '../driver.ts';
import { Deadlines } from '../shared/deadlines.ts';
import { DeviceClock } from '../shared/device-clock.ts';
import { Outputs } from '../shared/outputs.ts';
import { type LlrpOptions, llrpOptions } from './options.ts';
import { ReaderSession } from './session.ts';
import { TagReads } from './tag-reads.ts';

class LlrpDriver implements ByteDriver {
  readonly transport = 'bytes';
  readonly #framer = new LlrpFramer(isKnownMessageType);
  readonly #origin = new DeviceClock();
  readonly #tags: TagReads;
  readonly #session: ReaderSession;
  readonly #deadlines = new Deadlines<'whole message'>();
  readonly #wholeMessageMs: number;
  /** The message before made no sense. */
  #isDoubtful = false;

  constructor(device: string, options: LlrpOptions) {
    this.#wholeMessageMs = options.requestTimeoutMs;
    this.#tags = new TagReads(device, this.#origin);
    this.#session = new ReaderSession(device, options, this.#origin);
  }

  onOpen(now: number): DriverOutput {
    const out = new Outputs();
    this.#reset();
    this.#tags.forget();
    this.#session.open(now, out);
    return out.finish();
  }

  onBytes(chunk: Uint8Array, now: number): DriverOutput {
    const out = new Outputs();
    this.#deadlines.notice(now);
    const before = this.#framer.bufferedBytes;
    this.#framer.push(chunk, this.#sink(now, out));
    const held = this.#framer.bufferedBytes;
    const isTheSame = before > 0 && held === before + chunk.length;
    if (held === 0) this.#deadlines.clearAll();
    else if (!isTheSame) this.#deadlines.set('whole message', now + this.#wholeMessageMs);
    return out.finish();
  }

  onClose(_now: number): DriverOutput {
    const out = new Outputs();
    out.discardBytes('CUT_OFF', this.#framer.bufferedBytes);
    this.#reset();
    this.#session.close(out);
    return out.finish();
  }

  onTick(now: number): DriverOutput {
    const out = new Outputs();
    this.#deadlines.notice(now);
    if (this.#deadlines.isDue('whole message', now)) {
      this.#deadlines.clearAll();
      this.#framer.giveUp(this.#sink(now, out));
      this.#session.abandon(`a message was not whole after ${this.#wholeMessageMs} ms`, out);
    }
    this.#session.tick(now, out);
    return out.finish();
  }

  nextTickAt(): number | undefined {
    const times = [this.#deadlines.next(), this.#session.nextTickAt()].filter((at) => at !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #reset(): void {
    this.#framer.reset();
    this.#deadlines.clearAll();
    this.#isDoubtful = false;
  }

  #sink(now: number, out: Outputs): FrameSink {
    return {
      frame: (frame) => this.#take(decodeMessage(frame), now, out),
      discard: (reason, bytes) => out.discardBytes(reason, bytes),
      lostStep: () => {
        if (this.#isDoubtful) this.#session.abandon('noise behind a message that made no sense', out);
      },
    };
  }

  #take(decoded: Decoded, now: number, out: Outputs): void {
    this.#isDoubtful = !makesSense(decoded);
    if (decoded.outcome === 'unknown') out.discardBytes('UNKNOWN_MESSAGE', 10 + decoded.body.length);
    else if (decoded.outcome === 'malformed') out.discardBytes('MALFORMED_MESSAGE', decoded.bytes);
    else this.#takeMessage(decoded.message, now, out);
  }

  #takeMessage(message: LlrpMessage, now: number, out: Outputs): void {
    if (message.name === 'RO_ACCESS_REPORT') {
      const { damage } = message.body;
      out.discardBytes('UNKNOWN_TV_PARAMETER', damage.unknownTvBytes);
      out.discardBytes('MALFORMED_TAG_REPORT', damage.malformedBytes + damage.withoutEpcBytes);
      out.discardBytes('IMPOSSIBLE_EPC', this.#tags.append(message.body, now, out.readings));
    }
    if (message.name === 'READER_EVENT_NOTIFICATION') {
      const event = message.body.ReaderEventNotificationData;
      if (event.ConnectionAttemptEvent && event.UTCTimestamp) {
        this.#origin.anchor(event.UTCTimestamp.Microseconds / 1000, now);
      }
    }
    this.#session.take(message, now, out);
  }
}

/** False where the body is none of ours to judge, or contradicts itself. */
function makesSense(decoded: Decoded): boolean {
  if (decoded.outcome !== 'message' || decoded.message.name === 'CUSTOM_MESSAGE') return false;
  if (decoded.message.name !== 'RO_ACCESS_REPORT') return true;
  const { damage } = decoded.message.body;
  return damage.malformedBytes + damage.unknownTvBytes + damage.withoutEpcBytes === 0;
}

export const llrp: DriverKind<LlrpOptions> = {
  kind: 'llrp',
  transport: 'bytes',
  timeSource: () => 'device-differences',
  /** `requestTimeoutMs` of its default, and a second. */
  resyncMs: 6_000,
  options: llrpOptions,
  create: (device, options) => new LlrpDriver(device, options),
};
