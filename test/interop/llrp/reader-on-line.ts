/** The simulated reader on a TCP port of the loopback, with an account of every tag report it sends. */
import { hostDevice } from '../../../firmware-sim/app/device-host.ts';
import { serveOverTcp } from '../../../firmware-sim/app/lines.ts';
import type { ByteDevice, DeviceOutput, TagInField } from '../../../firmware-sim/devices/device.ts';
import { LlrpReader } from '../../../firmware-sim/devices/llrp-reader/llrp-reader.ts';
import { systemClock } from '../../../gateway/app/clock/system-clock.ts';
import { seededRandom } from '../../../protocol/ports/random.ts';
import { decodeMessage } from '../../../protocol/wire/llrp/codec.ts';
import { LlrpFramer } from '../../../protocol/wire/llrp/framing.ts';

/** By EPC: TagReportData sent, and the sum of their TagSeenCounts. */
type Account = Record<string, { reports: number; reads: number }>;

export interface ReaderOnLine extends AsyncDisposable {
  readonly port: number;
  readonly sent: Account;
  /** Settles when the first tag report goes out. */
  readonly firstReport: Promise<void>;
  setTags(tags: readonly TagInField[]): void;
}

export async function readerOnLine(): Promise<ReaderOnLine> {
  const reader = new LlrpReader({ random: seededRandom(11, 'interop') });
  const sent: Account = {};
  const first = Promise.withResolvers<void>();
  const framer = new LlrpFramer(() => true);
  const noted = (output: DeviceOutput): DeviceOutput => {
    for (const bytes of output.send) {
      framer.push(bytes, {
        discard: () => {},
        frame: (frame) => {
          const decoded = decodeMessage(frame);
          if (decoded.outcome !== 'message' || decoded.message.name !== 'RO_ACCESS_REPORT') return;
          for (const { EPC, TagSeenCount } of decoded.message.body.TagReportData) {
            first.resolve();
            const entry = sent[EPC] ?? { reports: 0, reads: 0 };
            sent[EPC] = { reports: entry.reports + 1, reads: entry.reads + (TagSeenCount ?? 0) };
          }
        },
      });
    }
    return output;
  };
  const noting: ByteDevice = {
    transport: 'bytes',
    onConnect: (now) => noted(reader.onConnect(now)),
    onBytes: (chunk, now) => noted(reader.onBytes(chunk, now)),
    onTick: (now) => noted(reader.onTick(now)),
    onDisconnect: (now) => reader.onDisconnect(now),
    rejectSecondClient: (now) => reader.rejectSecondClient(now),
    nextTickAt: () => reader.nextTickAt(),
  };
  const clock = systemClock();
  const host = hostDevice('reader', noting, clock);
  const line = await serveOverTcp(host, 0);
  return {
    port: Number(new URL(line.address).port),
    sent,
    firstReport: first.promise,
    setTags(tags) {
      reader.setTags(tags);
      host.poke();
    },
    [Symbol.asyncDispose]: () => line.close(),
  };
}
