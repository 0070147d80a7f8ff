/**
 * The bytes of busy RFID readers: passes of 60 tagged cases, each seen by both antennas of its door again and again,
 * 1,200 reads a second and reader without a pause. One RO_ACCESS_REPORT per read, as the driver asks for, coalesced
 * into chunks as TCP brings them. Times of the stream, not of the wall.
 */
import { encodeSgtin96 } from '../../protocol/epc/epc.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import { encodeMessage } from '../../protocol/wire/llrp/codec.ts';
import { LLRP_1_1 } from '../../protocol/wire/llrp/framing.ts';

export const READS_PER_SECOND = 1200;
const TAGS_PER_PASS = 60;
const PASS_MS = 6000;
/** Between two passes only what lies about near the door is read, and the pass before ends. */
const GAP_MS = 5000;
const CHUNK_MS = 10;
const READS_PER_CHUNK = (READS_PER_SECOND * CHUNK_MS) / 1000;
const STREAM_START = Date.UTC(2026, 8, 1, 6);

interface StreamChunk {
  readonly at: number;
  readonly reader: number;
  readonly bytes: Uint8Array;
}

export interface ReaderStream {
  readonly startAt: number;
  readonly endAt: number;
  readonly chunks: readonly StreamChunk[];
  readonly reads: number;
  readonly passes: number;
}

/** Readers are offset against each other, as doors are. */
export function readerStream(readers: number, seconds: number): ReaderStream {
  const chunks: StreamChunk[] = [];
  const random = seededRandom('bench', 'reads');
  let serial = 0;
  const mint = () =>
    encodeSgtin96({ filter: 1, companyPrefix: '9521141', itemReference: '000001', serial: serial++ });
  const doors = Array.from({ length: readers }, (_, n) => ({
    offsetMs: n * 2000,
    parked: Array.from({ length: TAGS_PER_PASS }, mint),
    pass: Array.from({ length: TAGS_PER_PASS }, mint),
    inPass: false,
    messageId: 1,
    turn: 0,
  }));
  let passes = 0;
  for (let elapsed = 0; elapsed < seconds * 1000; elapsed += CHUNK_MS) {
    for (const [reader, door] of doors.entries()) {
      const phase = (elapsed + door.offsetMs) % (PASS_MS + GAP_MS);
      const inPass = phase < PASS_MS;
      if (inPass && !door.inPass) {
        door.pass = Array.from({ length: TAGS_PER_PASS }, mint);
        passes++;
      }
      door.inPass = inPass;
      const pieces: Uint8Array[] = [];
      for (let read = 0; read < READS_PER_CHUNK; read++) {
        const antenna = (door.turn % 2) + 1;
        const tags = inPass ? door.pass : door.parked;
        const EPC = tags[(door.turn >> 1) % TAGS_PER_PASS] ?? '';
        door.turn++;
        // Into the building: the outer antenna is nearer in the first half.
        const nearest = antenna === 1 ? PASS_MS * 0.35 : PASS_MS * 0.65;
        const distance = Math.abs(phase - nearest) / 1000;
        const rssi = inPass ? -45 - 5 * distance : -70;
        const seen = (STREAM_START + elapsed) * 1000;
        const tag = {
          EPC,
          EPCLengthBits: 96,
          AntennaID: antenna,
          PeakRSSI: Math.round(rssi + random.gaussian(0, 1.5)),
          FirstSeenTimestampUTC: seen,
          LastSeenTimestampUTC: seen,
          TagSeenCount: 1,
        };
        pieces.push(encodeMessage('RO_ACCESS_REPORT', { TagReportData: [tag] }, door.messageId++, LLRP_1_1));
      }
      chunks.push({ at: STREAM_START + elapsed + 8, reader, bytes: Buffer.concat(pieces) });
    }
  }
  const endAt = STREAM_START + seconds * 1000;
  return { startAt: STREAM_START, endAt, chunks, reads: chunks.length * READS_PER_CHUNK, passes };
}
