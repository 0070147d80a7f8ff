/**
 * The date of a DSGTIN+ tag (TDS 2.x §14.5.8 and the DSGTIN+ coding table): a 4-bit kind and a 16-bit YYMMDD of
 * 7, 4 and 5 bits, and its notation as a GS1 date element. The scheme exists since 2022, so every year is 20YY.
 * Day 00 means the last day of the month (GS1 General Specifications §3.4).
 */
import { EpcEncodeError } from './encode-error.ts';

export type TagDateKind =
  | 'production'
  | 'packaging'
  | 'bestBefore'
  | 'sellBy'
  | 'expiry'
  | 'firstFreeze'
  | 'harvest';

export interface TagDate {
  readonly kind: TagDateKind;
  /** YYYY-MM-DD. */
  readonly iso: string;
}

/** In the order of the 4-bit kind on the tag, with the GS1 application identifier of each. */
const DATE_KINDS: readonly { readonly kind: TagDateKind; readonly ai: string }[] = [
  { kind: 'production', ai: '11' },
  { kind: 'packaging', ai: '13' },
  { kind: 'bestBefore', ai: '15' },
  { kind: 'sellBy', ai: '16' },
  { kind: 'expiry', ai: '17' },
  { kind: 'firstFreeze', ai: '7006' },
  { kind: 'harvest', ai: '7007' },
];

/** The date from its 4-bit kind and its 16 bits; undefined when there is no such day or kind. */
export function tagDateFromBits(kindBits: number, dateBits: number): TagDate | undefined {
  const entry = DATE_KINDS[kindBits];
  if (entry === undefined) return undefined;
  const iso = isoDay(dateBits >> 9, (dateBits >> 5) & 0xf, dateBits & 0x1f);
  return iso === undefined ? undefined : { kind: entry.kind, iso };
}

/** The kind's 4 bits and the date's 16 bits; throws EpcEncodeError for a day that does not exist in 2000…2099. */
export function tagDateBits(date: TagDate): { kindBits: number; dateBits: number } {
  const kindBits = DATE_KINDS.findIndex((entry) => entry.kind === date.kind);
  const yymmdd = yymmddOf(date.iso);
  if (kindBits < 0 || yymmdd === undefined) {
    throw new EpcEncodeError(`no such date on a tag: ${date.kind} ${date.iso}`);
  }
  const [year, month, day] = [0, 2, 4].map((start) => Number(yymmdd.slice(start, start + 2)));
  return { kindBits, dateBits: ((year ?? 0) << 9) | ((month ?? 0) << 5) | (day ?? 0) };
}

/** `17=220630`: the date as a GS1 element of a Digital Link query. */
export function dateElement(date: TagDate): string {
  const entry = DATE_KINDS.find(({ kind }) => kind === date.kind);
  return `${entry?.ai ?? ''}=${date.iso.slice(2, 4)}${date.iso.slice(5, 7)}${date.iso.slice(8, 10)}`;
}

/** The date behind a GS1 element; undefined when the application identifier is no date or the day no day. */
export function dateFromElement(ai: string, value: string): TagDate | undefined {
  const entry = DATE_KINDS.find((candidate) => candidate.ai === ai);
  const parts = /^(\d\d)(\d\d)(\d\d)$/.exec(value);
  if (entry === undefined || parts === null) return undefined;
  const iso = isoDay(Number(parts[1]), Number(parts[2]), Number(parts[3]));
  return iso === undefined ? undefined : { kind: entry.kind, iso };
}

function yymmddOf(iso: string): string | undefined {
  const parts = /^20(\d\d)-(\d\d)-(\d\d)$/.exec(iso);
  if (parts === null || parts[3] === '00') return undefined;
  const day = isoDay(Number(parts[1]), Number(parts[2]), Number(parts[3]));
  return day === undefined ? undefined : `${parts[1]}${parts[2]}${parts[3]}`;
}

function isoDay(year: number, month: number, day: number): string | undefined {
  if (year > 99 || month < 1 || month > 12) return undefined;
  const last = daysInMonth(year, month);
  if (day > last) return undefined;
  return `20${twoDigits(year)}-${twoDigits(month)}-${twoDigits(day === 0 ? last : day)}`;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}
