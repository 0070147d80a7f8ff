/**
 * RO_ACCESS_REPORT (LLRP 1.1 §15.1.1, §17.2.7): the hot path, so decoded by hand instead of from a schema:
 * one pass over the octets, one object and one string per tag.
 * Damage stays where it is: a bad TagReportData is skipped to its own end, and only a bad outer length costs the
 * rest of the message. TV parameters have no length, so an unknown one hides everything up to the end of its
 * TagReportData; what was read before it is kept. All of it is counted in `damage`.
 */
import { type ByteWriter, readU16, readU32 } from './bytes.ts';
import { hexOfBits, octetsOfHex } from './epc-hex.ts';
import { encodeRaw, type RawParameter } from './schema.ts';

const TAG_REPORT_DATA = 240;
const EPC_DATA = 241;
const EPC_96_TV = 0x80 | 13;
const TWO_POW_32 = 4_294_967_296;

/** One tag as reported. Field names are the standard's; times are microseconds, exact to 2^53. */
export interface TagReportData {
  /** Lower-case hex of the EPC's bits, filled up to whole octets with zeros. */
  EPC: string;
  EPCLengthBits: number;
  AntennaID: number | undefined;
  FirstSeenTimestampUTC: number | undefined;
  FirstSeenTimestampUptime: number | undefined;
  LastSeenTimestampUTC: number | undefined;
  LastSeenTimestampUptime: number | undefined;
  /** dBm. */
  PeakRSSI: number | undefined;
  ChannelIndex: number | undefined;
  TagSeenCount: number | undefined;
  ROSpecID: number | undefined;
  InventoryParameterSpecID: number | undefined;
  C1G2CRC: number | undefined;
  C1G2PC: number | undefined;
  SpecIndex: number | undefined;
  ClientRequestOpSpecResult: number | undefined;
  AccessSpecID: number | undefined;
  OpSpecID: number | undefined;
  C1G2SingulationDetails: number | undefined;
  C1G2XPCW1: number | undefined;
  C1G2XPCW2: number | undefined;
  /** OpSpec results and Custom parameters, raw. */
  extras: readonly RawParameter[] | undefined;
}

/** What could not be read, in octets. */
interface ReportDamage {
  /** Octets hidden behind a TV parameter of unknown type. */
  unknownTvBytes: number;
  /** Octets of parameters whose lengths contradict each other, or that end too early. */
  malformedBytes: number;
  /** Other octets of TagReportData in which no EPC was found. */
  withoutEpcBytes: number;
}

export interface RoAccessReport {
  readonly TagReportData: readonly TagReportData[];
  /** RFSurveyReportData and Custom parameters, raw. */
  readonly extras: readonly RawParameter[];
  readonly damage: ReportDamage;
}

export function noTag(): TagReportData {
  return {
    EPC: '',
    EPCLengthBits: -1,
    AntennaID: undefined,
    FirstSeenTimestampUTC: undefined,
    FirstSeenTimestampUptime: undefined,
    LastSeenTimestampUTC: undefined,
    LastSeenTimestampUptime: undefined,
    PeakRSSI: undefined,
    ChannelIndex: undefined,
    TagSeenCount: undefined,
    ROSpecID: undefined,
    InventoryParameterSpecID: undefined,
    C1G2CRC: undefined,
    C1G2PC: undefined,
    SpecIndex: undefined,
    ClientRequestOpSpecResult: undefined,
    AccessSpecID: undefined,
    OpSpecID: undefined,
    C1G2SingulationDetails: undefined,
    C1G2XPCW1: undefined,
    C1G2XPCW2: undefined,
    extras: undefined,
  };
}

export function decodeReport(body: Uint8Array): RoAccessReport {
  const tags: TagReportData[] = [];
  const extras: RawParameter[] = [];
  const damage: ReportDamage = { unknownTvBytes: 0, malformedBytes: 0, withoutEpcBytes: 0 };
  let at = 0;
  while (at < body.length) {
    const type = readU16(body, at) & 0x3ff;
    const length = readU16(body, at + 2);
    const end = at + length;
    if ((body[at] ?? 0) >= 0x80 || length < 4 || end > body.length) {
      damage.malformedBytes += body.length - at;
      break;
    }
    if (type === TAG_REPORT_DATA) {
      const lostBefore = damage.unknownTvBytes + damage.malformedBytes;
      const tag = decodeTag(body, at + 4, end, damage);
      const lost = damage.unknownTvBytes + damage.malformedBytes - lostBefore;
      if (tag.EPCLengthBits >= 0) tags.push(tag);
      else damage.withoutEpcBytes += length - lost;
    } else {
      extras.push({ type, body: body.slice(at + 4, end) });
    }
    at = end;
  }
  return { TagReportData: tags, extras, damage };
}

function decodeTag(bytes: Uint8Array, from: number, end: number, damage: ReportDamage): TagReportData {
  const tag = noTag();
  let at = from;
  while (at < end) {
    const first = bytes[at] ?? 0;
    const next = first >= 0x80 ? decodeTv(bytes, at, end, tag) : decodeTlv(bytes, at, end, tag);
    if (next < 0) {
      if (first >= 0x80 && sizeOfTv(first) === 0) damage.unknownTvBytes += end - at;
      else damage.malformedBytes += end - at;
      break;
    }
    at = next;
  }
  return tag;
}

/** Octets behind the type octet of each TV parameter; 0 = unknown. */
const TV_SIZES = Uint8Array.from([0, 2, 8, 8, 8, 8, 1, 2, 2, 4, 2, 2, 2, 12, 2, 2, 4, 2, 4, 2, 2]);

function sizeOfTv(typeOctet: number): number {
  return TV_SIZES[typeOctet & 0x7f] ?? 0;
}

/** Returns where the next parameter begins, or -1. */
function decodeTv(bytes: Uint8Array, at: number, end: number, tag: TagReportData): number {
  const type = (bytes[at] ?? 0) & 0x7f;
  const size = TV_SIZES[type] ?? 0;
  const value = at + 1;
  const next = value + size;
  if (size === 0 || next > end) return -1;
  switch (type) {
    case 1:
      tag.AntennaID = readU16(bytes, value);
      break;
    case 2:
      tag.FirstSeenTimestampUTC = readU64(bytes, value);
      break;
    case 3:
      tag.FirstSeenTimestampUptime = readU64(bytes, value);
      break;
    case 4:
      tag.LastSeenTimestampUTC = readU64(bytes, value);
      break;
    case 5:
      tag.LastSeenTimestampUptime = readU64(bytes, value);
      break;
    case 6:
      tag.PeakRSSI = ((bytes[value] ?? 0) << 24) >> 24;
      break;
    case 7:
      tag.ChannelIndex = readU16(bytes, value);
      break;
    case 8:
      tag.TagSeenCount = readU16(bytes, value);
      break;
    case 9:
      tag.ROSpecID = readU32(bytes, value);
      break;
    case 10:
      tag.InventoryParameterSpecID = readU16(bytes, value);
      break;
    case 13:
      tag.EPC = hexOfBits(bytes, value, 96);
      tag.EPCLengthBits = 96;
      break;
    default:
      decodeRareTv(bytes, type, value, tag);
  }
  return next;
}

function decodeRareTv(bytes: Uint8Array, type: number, value: number, tag: TagReportData): void {
  const short = readU16(bytes, value);
  switch (type) {
    case 11:
      tag.C1G2CRC = short;
      break;
    case 12:
      tag.C1G2PC = short;
      break;
    case 14:
      tag.SpecIndex = short;
      break;
    case 15:
      tag.ClientRequestOpSpecResult = short;
      break;
    case 16:
      tag.AccessSpecID = readU32(bytes, value);
      break;
    case 17:
      tag.OpSpecID = short;
      break;
    case 18:
      tag.C1G2SingulationDetails = readU32(bytes, value);
      break;
    case 19:
      tag.C1G2XPCW1 = short;
      break;
    default:
      tag.C1G2XPCW2 = short;
  }
}

function decodeTlv(bytes: Uint8Array, at: number, end: number, tag: TagReportData): number {
  const type = readU16(bytes, at) & 0x3ff;
  const length = readU16(bytes, at + 2);
  const next = at + length;
  if (at + 4 > end || length < 4 || next > end) return -1;
  if (type !== EPC_DATA) {
    const raw = { type, body: bytes.slice(at + 4, next) };
    tag.extras = tag.extras === undefined ? [raw] : [...tag.extras, raw];
    return next;
  }
  const bitCount = readU16(bytes, at + 4);
  if (length < 6 || at + 6 + Math.ceil(bitCount / 8) > next) return -1;
  tag.EPC = hexOfBits(bytes, at + 6, bitCount);
  tag.EPCLengthBits = bitCount;
  return next;
}

function readU64(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at) * TWO_POW_32 + readU32(bytes, at + 4);
}

/** What encoding takes: an EPC and whatever else there is. */
export type TagReportInput = Pick<TagReportData, 'EPC' | 'EPCLengthBits'> & Partial<TagReportData>;

export interface RoAccessReportInput {
  readonly TagReportData: readonly TagReportInput[];
  readonly extras?: readonly RawParameter[];
}

export function encodeReport(to: ByteWriter, report: RoAccessReportInput): void {
  for (const tag of report.TagReportData) encodeTag(to, tag);
  for (const raw of report.extras ?? []) encodeRaw(to, raw);
}

function encodeTag(to: ByteWriter, tag: TagReportInput): void {
  const start = to.length;
  to.u16(TAG_REPORT_DATA);
  to.u16(0);
  encodeEpc(to, tag);
  for (const [name, type] of TV_ORDER) {
    const value = tag[name];
    if (value === undefined) continue;
    to.u8(0x80 | type);
    const size = sizeOfTv(type);
    if (size === 1) to.u8(value & 0xff);
    else if (size === 2) to.u16(value);
    else if (size === 4) to.u32(value);
    else to.u64(value);
  }
  for (const raw of tag.extras ?? []) encodeRaw(to, raw);
  to.setU16(start + 2, to.length - start);
}

function encodeEpc(to: ByteWriter, tag: TagReportInput): void {
  const octets = octetsOfHex(tag.EPC);
  if (tag.EPCLengthBits === 96) {
    to.u8(EPC_96_TV);
    to.put(octets);
    return;
  }
  to.u16(EPC_DATA);
  to.u16(6 + octets.length);
  to.u16(tag.EPCLengthBits);
  to.put(octets);
}

/** The order of the standard's binary encoding. */
const TV_ORDER = [
  ['ROSpecID', 9],
  ['SpecIndex', 14],
  ['InventoryParameterSpecID', 10],
  ['AntennaID', 1],
  ['PeakRSSI', 6],
  ['ChannelIndex', 7],
  ['FirstSeenTimestampUTC', 2],
  ['FirstSeenTimestampUptime', 3],
  ['LastSeenTimestampUTC', 4],
  ['LastSeenTimestampUptime', 5],
  ['TagSeenCount', 8],
  ['C1G2PC', 12],
  ['C1G2XPCW1', 19],
  ['C1G2XPCW2', 20],
  ['C1G2CRC', 11],
  ['AccessSpecID', 16],
  ['ClientRequestOpSpecResult', 15],
  ['OpSpecID', 17],
  ['C1G2SingulationDetails', 18],
] as const;
