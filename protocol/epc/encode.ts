/**
 * Everything that becomes tag bits: fields, EPC URIs, Digital Links → hex of the EPC bank. All of these throw
 * EpcEncodeError on values that cannot stand on such a tag.
 */
import { fromDigitalLink, type Gs1Key, toDigitalLink } from './digital-link.ts';
import { EpcEncodeError } from './encode-error.ts';
import { type IdentityParts, identityUri, parseIdentityUri, parseTagUri, partsOfKey } from './epc-uri.ts';
import { encodePartitioned } from './partitioned.ts';
import { PARTITIONED_SCHEMES, partitionedScheme, type UriScheme } from './partitioned-schemes.ts';
import { encodeDsgtinPlus, encodeSgtinPlus, encodeSsccPlus } from './plus.ts';

interface Filtered {
  /** 0…7, default 0 ("all others"). */
  readonly filter?: number;
}

interface SgtinInput extends Filtered {
  readonly companyPrefix: string;
  /** Indicator digit first, then the item reference; 13 digits together with the company prefix. */
  readonly itemReference: string;
  readonly serial: string | number | bigint;
}

export function encodeSgtin96(input: SgtinInput): string {
  return encodeAs('sgtin-96', input, input.itemReference, String(input.serial));
}

/** The serial may be any 1 to 20 GS1 characters. */
export function encodeSgtin198(input: SgtinInput): string {
  return encodeAs('sgtin-198', input, input.itemReference, String(input.serial));
}

interface SsccInput extends Filtered {
  readonly companyPrefix: string;
  /** Extension digit first, then the serial reference; 17 digits together with the company prefix. */
  readonly serialReference: string;
}

export function encodeSscc96(input: SsccInput): string {
  return encodeAs('sscc-96', input, input.serialReference, '');
}

interface SglnInput extends Filtered {
  readonly companyPrefix: string;
  readonly locationReference: string;
  /** Default 0: a plain GLN without extension. */
  readonly extension?: string | number | bigint;
}

export function encodeSgln96(input: SglnInput): string {
  return encodeAs('sgln-96', input, input.locationReference, String(input.extension ?? 0));
}

interface GraiInput extends Filtered {
  readonly companyPrefix: string;
  readonly assetType: string;
  readonly serial: string | number | bigint;
}

export function encodeGrai96(input: GraiInput): string {
  return encodeAs('grai-96', input, input.assetType, String(input.serial));
}

interface GiaiInput extends Filtered {
  readonly companyPrefix: string;
  readonly assetReference: string | number | bigint;
}

export function encodeGiai96(input: GiaiInput): string {
  return encodeAs('giai-96', input, String(input.assetReference), '');
}

/** `urn:epc:tag:…` → hex. */
export function encodeTagUri(uri: string): string {
  const parsed = parseTagUri(uri);
  if (parsed === undefined) throw new EpcEncodeError(`not an EPC tag URI: ${uri}`);
  return encodePartitioned(parsed.scheme, parsed.parts);
}

/** `urn:epc:id:…` → hex, in the 96-bit form where the identity fits it, else in the long form. */
export function encodeEpcUri(uri: string, { filter = 0 }: Filtered = {}): string {
  const parsed = parseIdentityUri(uri);
  if (parsed === undefined) throw new EpcEncodeError(`not a pure identity EPC URI: ${uri}`);
  return encodeIdentity(parsed.scheme, parsed.parts, filter);
}

/**
 * A Digital Link → hex. With the length of the company prefix as an SGTIN, SSCC, SGLN, GRAI or GIAI of TDS 1.x;
 * without it as SGTIN+, DSGTIN+ (when the link carries a date) or SSCC+.
 */
export function encodeDigitalLink(
  link: string,
  options: Filtered & { readonly companyPrefixLength?: number } = {},
): string {
  const key = fromDigitalLink(link);
  if (key === undefined) throw new EpcEncodeError(`not a GS1 Digital Link of a known key: ${link}`);
  const { filter = 0, companyPrefixLength } = options;
  if (companyPrefixLength === undefined) return encodePlusKey(key, filter);
  const found = partsOfKey(key, companyPrefixLength);
  if (found === undefined) {
    throw new EpcEncodeError(`no EPC with a company prefix of ${companyPrefixLength} digits: ${link}`);
  }
  return encodeIdentity(found.scheme, found.parts, filter);
}

/** A GS1 key → `urn:epc:id:…`, for which the length of its company prefix must be known. */
export function toEpcUri(key: Gs1Key, companyPrefixLength: number): string {
  const found = partsOfKey(key, companyPrefixLength);
  if (found === undefined) {
    throw new EpcEncodeError(
      `no EPC with a company prefix of ${companyPrefixLength} digits: ${toDigitalLink(key)}`,
    );
  }
  return identityUri(found.scheme, found.parts);
}

function encodePlusKey(key: Gs1Key, filter: number): string {
  if (key.key === 'sscc') return encodeSsccPlus({ sscc: key.sscc, filter });
  if (key.key !== 'gtin' || key.serial === undefined) {
    throw new EpcEncodeError(`needs the company prefix length, or a serial: ${toDigitalLink(key)}`);
  }
  const { gtin, serial, date } = key;
  if (date === undefined) return encodeSgtinPlus({ gtin, serial, filter });
  return encodeDsgtinPlus({ gtin, serial, filter, date: date.iso, dateKind: date.kind });
}

function encodeIdentity(uriScheme: UriScheme, parts: IdentityParts, filter: number): string {
  let refused: unknown;
  for (const scheme of PARTITIONED_SCHEMES) {
    if (scheme.uriScheme !== uriScheme) continue;
    try {
      return encodePartitioned(scheme, { ...parts, filter });
    } catch (error) {
      if (!(error instanceof EpcEncodeError)) throw error;
      refused = error;
    }
  }
  throw new EpcEncodeError(`no binary scheme holds ${identityUri(uriScheme, parts)}`, { cause: refused });
}

function encodeAs(
  name: string,
  input: Filtered & { readonly companyPrefix: string },
  reference: string,
  serial: string,
): string {
  const scheme = partitionedScheme(name);
  if (scheme === undefined) throw new EpcEncodeError(`unknown scheme ${name}`);
  return encodePartitioned(scheme, {
    filter: input.filter ?? 0,
    companyPrefix: input.companyPrefix,
    reference,
    serial,
  });
}
