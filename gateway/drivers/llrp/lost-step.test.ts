import { describe, expect, it } from 'vitest';
import type { TagRead } from '../../../protocol/readings/reading.ts';
import { encodeMessage } from '../../../protocol/wire/llrp/codec.ts';
import { readGolden } from '../../../test/support/driver-golden.ts';
import { bytesStep, playDriver, type ScriptResult } from '../../../test/support/driver-script.ts';
import { llrp } from './driver.ts';

const EPC = '3074257bf7194e4000001a85';
const REPORT = Buffer.from(
  encodeMessage('RO_ACCESS_REPORT', { TagReportData: [{ EPC, EPCLengthBits: 96, AntennaID: 1 }] }, 9, 2),
).toString('hex');
const READING_AT_MS = 1_000;

/** A reading session in which this arrives, each piece at its time after that. */
function hear(...pieces: readonly (readonly [at: number, hex: string])[]): ScriptResult {
  const session = readGolden('llrp', 'plain').steps.filter(({ at }) => at < READING_AT_MS);
  const steps = pieces.map(([at, hex]) =>
    bytesStep(READING_AT_MS + at, Buffer.from(hex.replaceAll(' ', ''), 'hex')),
  );
  const end = { at: READING_AT_MS + 6_000, does: 'wait' as const };
  return playDriver(llrp.create('dock-1', llrp.options.parse({})), [...session, ...steps, end]);
}

const reasonsOf = ({ reconnects }: ScriptResult) => reconnects.map(({ reason }) => reason);
const epcsOf = ({ readings }: ScriptResult) =>
  readings.filter((reading): reading is TagRead => reading.kind === 'tag').map(({ epc }) => epc);

describe('an llrp stream with octets too many', () => {
  it('skips noise that no header begins with, in the same session', () => {
    const result = hear([0, `ff00ee${REPORT}`]);
    expect(epcsOf(result)).toEqual([EPC]);
    expect(reasonsOf(result)).toEqual([]);
  });

  // Noise and header read together as an unknown message of 277,760 octets.
  it('does not let three octets of noise swallow the reports behind it', () => {
    const result = hear([0, `040000${REPORT.replace(/^08/, '04')}`]);
    expect(epcsOf(result)).toEqual([EPC]);
    expect(reasonsOf(result)).toEqual([]);
  });

  it('gives up on a message that is never whole, reads what it hid, and asks for a new session', () => {
    const result = hear([0, '083d00080000 00000001'], [100, REPORT], [200, REPORT]);
    expect(epcsOf(result)).toEqual([EPC, EPC]);
    expect(reasonsOf(result)).toEqual(['a message was not whole after 5000 ms']);
    expect(result.states.at(-1)?.state).toBe('the stream lost its message boundaries');
    expect(result.discarded).toEqual([expect.objectContaining({ reason: 'GARBAGE', bytes: 10 })]);
  });

  it('is not kept waiting by octets that go on coming', () => {
    const result = hear([0, '083d00080000 00000001'], [2_000, 'eeee'], [4_500, REPORT]);
    expect(epcsOf(result)).toEqual([EPC]);
    expect(reasonsOf(result)).toEqual(['a message was not whole after 5000 ms']);
  });

  it('gives a message that comes slowly its time, and each message its own', () => {
    const [head, tail] = [REPORT.slice(0, 24), REPORT.slice(24)];
    const result = hear([0, head], [4_000, tail + head], [5_500, tail]);
    expect(epcsOf(result)).toEqual([EPC, EPC]);
    expect(reasonsOf(result)).toEqual([]);
  });

  it('doubts a vendor message that ends where no other begins', () => {
    const result = hear([0, `07ff0000001200000001${REPORT}`]);
    expect(reasonsOf(result)).toEqual(['noise behind a message that made no sense']);
  });

  it('asks for a new session when noise passed for a message and ate the beginning of another', () => {
    const result = hear([0, `04000000000b${REPORT}`]);
    expect(epcsOf(result)).toEqual([]);
    expect(reasonsOf(result)).toEqual(['noise behind a message that made no sense']);
  });

  it('stays with a reader whose messages make no sense but end where they say', () => {
    const result = hear([0, `09000000000c00000007beef${REPORT}`]);
    expect(epcsOf(result)).toEqual([EPC]);
    expect(reasonsOf(result)).toEqual([]);
  });
});
