/**
 * Driver for fixed RFID readers that speak LLRP 1.0.1 or 1.1 over TCP: opens the session (handshake.ts), keeps it
 * alive, and turns tag reports, inputs and the reader's own complaints into readings.
 * It asks for a new connection when the reader refuses what it cannot do without, does not answer in time, says
 * goodbye, or stays silent for three keepalive intervals. Tag reports are taken at any time, in any state.
 */
import {
  type Decoded,
  decodeMessage,
  isKnownMessageType,
  type LlrpMessage,
} from '../../../protocol/wire/llrp/codec.ts';
import { LlrpFramer } from '../../../protocol/wire/llrp/framing.ts';
import type { ByteDriver, DriverKind, DriverOutput } from '../driver.ts';
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

  constructor(device: string, options: LlrpOptions) {
    this.#tags = new TagReads(device, this.#origin);
    this.#session = new ReaderSession(device, options, this.#origin);
  }

  onOpen(now: number): DriverOutput {
    const out = new Outputs();
    this.#framer.reset();
    this.#tags.forget();
    this.#session.open(now, out);
    return out.finish();
  }

  onBytes(chunk: Uint8Array, now: number): DriverOutput {
    const out = new Outputs();
    this.#framer.push(chunk, {
      frame: (frame) => this.#take(decodeMessage(frame), now, out),
      discard: (reason, bytes) => out.discardBytes(reason, bytes),
    });
    return out.finish();
  }

  onClose(_now: number): DriverOutput {
    const out = new Outputs();
    out.discardBytes('CUT_OFF', this.#framer.bufferedBytes);
    this.#framer.reset();
    this.#session.close(out);
    return out.finish();
  }

  onTick(now: number): DriverOutput {
    const out = new Outputs();
    this.#session.tick(now, out);
    return out.finish();
  }

  nextTickAt(): number | undefined {
    return this.#session.nextTickAt();
  }

  #take(decoded: Decoded, now: number, out: Outputs): void {
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

export const llrp: DriverKind<LlrpOptions> = {
  kind: 'llrp',
  transport: 'bytes',
  timeSource: () => 'device-differences',
  options: llrpOptions,
  create: (device, options) => new LlrpDriver(device, options),
};
