import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from './bytes.ts';
import { decodeReport, encodeReport, noTag, type TagReportData } from './report.ts';

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
}

function encode(report: Parameters<typeof encodeReport>[1]): Uint8Array {
  const to = new ByteWriter();
  encodeReport(to, report);
  return to.finish();
}

const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);
const u64 = fc.maxSafeNat();
const raw = fc.record({ type: fc.constantFrom(1023, 349, 350), body: fc.uint8Array({ maxLength: 12 }) });

const anyEpc = fc.integer({ min: 0, max: 496 }).chain((EPCLengthBits) =>
  fc
    .uint8Array({ minLength: Math.ceil(EPCLengthBits / 8), maxLength: Math.ceil(EPCLengthBits / 8) })
    .map((octets) => {
      const tail = EPCLengthBits % 8;
      if (tail > 0) octets[octets.length - 1] = (octets.at(-1) ?? 0) & (0xff00 >> tail);
      return { EPC: Buffer.from(octets).toString('hex'), EPCLengthBits };
    }),
);

const anyTag: fc.Arbitrary<TagReportData> = fc
  .tuple(
    anyEpc,
    fc.record(
      {
        AntennaID: u16,
        FirstSeenTimestampUTC: u64,
        FirstSeenTimestampUptime: u64,
        LastSeenTimestampUTC: u64,
        LastSeenTimestampUptime: u64,
        PeakRSSI: fc.integer({ min: -128, max: 127 }),
        ChannelIndex: u16,
        TagSeenCount: u16,
        ROSpecID: u32,
        InventoryParameterSpecID: u16,
        C1G2CRC: u16,
        C1G2PC: u16,
        SpecIndex: u16,
        ClientRequestOpSpecResult: u16,
        AccessSpecID: u32,
        OpSpecID: u16,
        C1G2SingulationDetails: u32,
        C1G2XPCW1: u16,
        C1G2XPCW2: u16,
        extras: fc.array(raw, { minLength: 1, maxLength: 2 }),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([epc, fields]) => ({ ...noTag(), ...epc, ...fields }));

const UNDAMAGED = { unknownTvBytes: 0, malformedBytes: 0, withoutEpcBytes: 0 };

describe('RO_ACCESS_REPORT', () => {
  it('survives encoding and decoding with any fields and EPCs of any bit length', () => {
    fc.assert(
      fc.property(fc.array(anyTag, { maxLength: 6 }), fc.array(raw, { maxLength: 2 }), (tags, extras) => {
        expect(decodeReport(encode({ TagReportData: tags, extras }))).toEqual({
          TagReportData: tags,
          extras,
          damage: UNDAMAGED,
        });
      }),
    );
  });

  it('never throws on damaged octets and accounts for what it could not read', () => {
    fc.assert(
      fc.property(
        fc.array(anyTag, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        fc.nat(255),
        (tags, at, value) => {
          const bytes = encode({ TagReportData: tags });
          bytes[at % bytes.length] = value;
          const report = decodeReport(bytes);
          expect(report.TagReportData.length).toBeLessThanOrEqual(tags.length + 1);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('never throws on octets at random', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const { damage, TagReportData } = decodeReport(bytes);
        const lost = damage.malformedBytes + damage.unknownTvBytes + damage.withoutEpcBytes;
        expect(lost).toBeLessThanOrEqual(bytes.length);
        expect(TagReportData.length * 10).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes an empty report', () => {
    expect(decodeReport(new Uint8Array(0))).toEqual({ TagReportData: [], extras: [], damage: UNDAMAGED });
  });

  it('reads a 96-bit EPC with antenna, RSSI, times and count', () => {
    const report = decodeReport(
      bytesOf(
        '00f0 002b 8d 30342cab4c0a7dc00000000a 81 0002 86 c4 82 0005a9c1b3e6f2c0 84 0005a9c1b3e702c0 88 0003',
      ),
    );
    expect(report.damage).toEqual(UNDAMAGED);
    expect(report.TagReportData).toEqual([
      {
        ...noTag(),
        EPC: '30342cab4c0a7dc00000000a',
        EPCLengthBits: 96,
        AntennaID: 2,
        PeakRSSI: -60,
        FirstSeenTimestampUTC: 0x0005a9c1b3e6f2c0,
        LastSeenTimestampUTC: 0x0005a9c1b3e702c0,
        TagSeenCount: 3,
      },
    ]);
  });

  it('takes the EPC length from the bit count and strips word padding behind it', () => {
    const [tag] = decodeReport(bytesOf('00f0 000e 00f1 000a 0014 abcdef00')).TagReportData;
    expect(tag).toMatchObject({ EPC: 'abcde0', EPCLengthBits: 20 });
  });

  it('keeps what stands before an unknown TV parameter, skips to the end of that tag, and reads the next', () => {
    const report = decodeReport(
      bytesOf(`00f0 0018 8d 30342cab4c0a7dc00000000a 81 0001 95 0102 03
               00f0 0014 8d 30342cab4c0a7dc00000000b 81 0002`),
    );
    expect(report.TagReportData.map((tag) => [tag.EPC, tag.AntennaID])).toEqual([
      ['30342cab4c0a7dc00000000a', 1],
      ['30342cab4c0a7dc00000000b', 2],
    ]);
    expect(report.damage).toEqual({ ...UNDAMAGED, unknownTvBytes: 4 });
  });

  it('skips a tag whose inner lengths run over its end and reads the next', () => {
    const report = decodeReport(
      bytesOf('00f0 000c 00f1 00ff 0060 3034 00f0 0014 8d 30342cab4c0a7dc00000000b 81 0002'),
    );
    expect(report.TagReportData.map((tag) => tag.EPC)).toEqual(['30342cab4c0a7dc00000000b']);
    expect(report.damage).toEqual({ ...UNDAMAGED, malformedBytes: 8, withoutEpcBytes: 4 });
  });

  it('counts the rest of the message when an outer length makes no sense', () => {
    expect(decodeReport(bytesOf('00f0 0003 8d')).damage).toEqual({ ...UNDAMAGED, malformedBytes: 5 });
  });

  it('counts a tag without an EPC', () => {
    expect(decodeReport(bytesOf('00f0 0007 81 0001')).damage).toEqual({ ...UNDAMAGED, withoutEpcBytes: 7 });
  });
});
