/**
 * EPC URIs (TDS §6 and §12): `urn:epc:tag:<scheme>:<filter>.<prefix>.<reference>.<serial>` and the pure identity
 * `urn:epc:id:<scheme>:<prefix>.<reference>.<serial>`, to and from their parts, and the GS1 key behind the parts.
 * Parsing answers undefined for anything that is not such a URI; nothing here throws.
 */
import { escapeForEpcUri, unescapeFromEpcUri } from './characters.ts';
import { checkDigitOfDigits } from './check-digit.ts';
import type { Gs1Key } from './digital-link.ts';
import type { PartitionedParts } from './partitioned.ts';
import { type PartitionedScheme, partitionedScheme, type UriScheme } from './partitioned-schemes.ts';

export interface IdentityParts {
  readonly companyPrefix: string;
  readonly reference: string;
  readonly serial: string;
}

const URI_SCHEMES: readonly UriScheme[] = ['sgtin', 'sscc', 'sgln', 'grai', 'giai'];
const HAS_SERIAL: Readonly<Record<UriScheme, boolean>> = {
  sgtin: true,
  sscc: false,
  sgln: true,
  grai: true,
  giai: false,
};

/** The dotted tail shared by both notations. */
export function partsText(scheme: UriScheme, parts: IdentityParts): string {
  const reference = scheme === 'giai' ? escapeForEpcUri(parts.reference) : parts.reference;
  const serial = HAS_SERIAL[scheme] ? `.${escapeForEpcUri(parts.serial)}` : '';
  return `${parts.companyPrefix}.${reference}${serial}`;
}

export function parseTagUri(uri: string): { scheme: PartitionedScheme; parts: PartitionedParts } | undefined {
  const match = /^urn:epc:tag:([a-z0-9-]+):([0-7])\.(.+)$/.exec(uri);
  const scheme = match === null ? undefined : partitionedScheme(match[1] ?? '');
  if (match === null || scheme === undefined) return undefined;
  const parts = parseParts(scheme.uriScheme, match[3] ?? '');
  return parts === undefined ? undefined : { scheme, parts: { ...parts, filter: Number(match[2]) } };
}

export function parseIdentityUri(uri: string): { scheme: UriScheme; parts: IdentityParts } | undefined {
  const match = /^urn:epc:id:([a-z]+):(.+)$/.exec(uri);
  const scheme = URI_SCHEMES.find((candidate) => candidate === match?.[1]);
  if (match === null || scheme === undefined) return undefined;
  const parts = parseParts(scheme, match[2] ?? '');
  return parts === undefined ? undefined : { scheme, parts };
}

export function identityUri(scheme: UriScheme, parts: IdentityParts): string {
  return `urn:epc:id:${scheme}:${partsText(scheme, parts)}`;
}

/** The GS1 key of parts that have the right number of digits. */
export function keyOfParts(scheme: UriScheme, { companyPrefix, reference, serial }: IdentityParts): Gs1Key {
  switch (scheme) {
    case 'sgtin':
      return { key: 'gtin', gtin: withCheckDigit(indicatorFirst(companyPrefix, reference)), serial };
    case 'sscc':
      return { key: 'sscc', sscc: withCheckDigit(indicatorFirst(companyPrefix, reference)) };
    case 'sgln': {
      const gln = withCheckDigit(companyPrefix + reference);
      return serial === '0' ? { key: 'gln', gln } : { key: 'gln', gln, extension: serial };
    }
    case 'grai':
      return { key: 'grai', grai: withCheckDigit(companyPrefix + reference), serial };
    case 'giai':
      return { key: 'giai', giai: companyPrefix + reference };
  }
}

/** The parts of a key once the length of its company prefix is known; undefined when the two do not go together. */
export function partsOfKey(
  key: Gs1Key,
  companyPrefixLength: number,
): { scheme: UriScheme; parts: IdentityParts } | undefined {
  const split = (body: string, start: number) => ({
    companyPrefix: body.slice(start, start + companyPrefixLength),
    reference: body.slice(0, start) + body.slice(start + companyPrefixLength),
  });
  if (companyPrefixLength < 6 || companyPrefixLength > 12) return undefined;
  switch (key.key) {
    case 'gtin':
      if (key.serial === undefined) return undefined;
      return { scheme: 'sgtin', parts: { ...split(key.gtin.slice(0, 13), 1), serial: key.serial } };
    case 'sscc':
      return { scheme: 'sscc', parts: { ...split(key.sscc.slice(0, 17), 1), serial: '' } };
    case 'gln':
      return { scheme: 'sgln', parts: { ...split(key.gln.slice(0, 12), 0), serial: key.extension ?? '0' } };
    case 'grai':
      if (key.serial === undefined) return undefined;
      return { scheme: 'grai', parts: { ...split(key.grai.slice(0, 12), 0), serial: key.serial } };
    case 'giai':
      if (!/^[0-9]+$/.test(key.giai.slice(0, companyPrefixLength))) return undefined;
      if (key.giai.length <= companyPrefixLength) return undefined;
      return { scheme: 'giai', parts: { ...split(key.giai, 0), serial: '' } };
  }
}

/** The GS1 key a URI of either notation names; undefined when it is no such URI. */
export function fromEpcUri(uri: string): Gs1Key | undefined {
  const tag = parseTagUri(uri);
  if (tag !== undefined) return keyOfParts(tag.scheme.uriScheme, tag.parts);
  const identity = parseIdentityUri(uri);
  return identity === undefined ? undefined : keyOfParts(identity.scheme, identity.parts);
}

const KEY_DIGITS: Readonly<Record<Exclude<UriScheme, 'giai'>, number>> = {
  sgtin: 13,
  sscc: 17,
  sgln: 12,
  grai: 12,
};

function parseParts(scheme: UriScheme, text: string): IdentityParts | undefined {
  if (scheme === 'giai') {
    const match = /^([0-9]{6,12})\.(.+)$/.exec(text);
    const reference = unescapeFromEpcUri(match?.[2] ?? '');
    if (match === null || reference === undefined) return undefined;
    const companyPrefix = match[1] ?? '';
    return companyPrefix.length + reference.length > 30
      ? undefined
      : { companyPrefix, reference, serial: '' };
  }
  const match = /^([0-9]{6,12})\.([0-9]*)(?:\.(.+))?$/.exec(text);
  if (match === null || HAS_SERIAL[scheme] !== (match[3] !== undefined)) return undefined;
  const companyPrefix = match[1] ?? '';
  const reference = match[2] ?? '';
  if (companyPrefix.length + reference.length !== KEY_DIGITS[scheme]) return undefined;
  const serial = match[3] === undefined ? '' : unescapeFromEpcUri(match[3]);
  const longest = scheme === 'grai' ? 16 : 20;
  return serial === undefined || serial.length > longest ? undefined : { companyPrefix, reference, serial };
}

/** Indicator or extension digit moves before the company prefix. */
function indicatorFirst(companyPrefix: string, reference: string): string {
  return reference.charAt(0) + companyPrefix + reference.slice(1);
}

function withCheckDigit(body: string): string {
  return body + checkDigitOfDigits(body);
}
