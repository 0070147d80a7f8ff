/**
 * Tag bits → what they mean. Runs once per tag at ingest. Total: any text gives an answer, never throws; what is
 * not a GS1 EPC of a known scheme stays as raw hex with the reason.
 */
import { bytesFromHex } from './bits.ts';
import type { DecodedEpc, Gs1Epc, RawEpc, RawReason } from './decoded-epc.ts';
import { toDigitalLink } from './digital-link.ts';
import { identityUri, keyOfParts, partsText } from './epc-uri.ts';
import { decodePartitioned } from './partitioned.ts';
import { PARTITIONED_SCHEMES, type PartitionedScheme } from './partitioned-schemes.ts';
import { decodePlus, PLUS_SCHEMES } from './plus.ts';

type Decoder = (bytes: Uint8Array, hex: string) => Gs1Epc | RawReason;

/** By header byte. */
const DECODERS: readonly (Decoder | undefined)[] = (() => {
  const byHeader: (Decoder | undefined)[] = new Array(256).fill(undefined);
  for (const scheme of PARTITIONED_SCHEMES) {
    byHeader[scheme.header] = (bytes, hex) => describe(scheme, bytes, hex);
  }
  for (const scheme of PLUS_SCHEMES) {
    byHeader[scheme.header] = (bytes, hex) => decodePlus(scheme, bytes, hex);
  }
  return byHeader;
})();

const ONLY_ZEROS = /^0+$/;

/** What the EPC bank content `hex` (either case, without PC and CRC) says. */
export function decodeEpc(hex: string): DecodedEpc {
  const lowerCase = hex.toLowerCase();
  if (hex === '') return raw(lowerCase, 'EMPTY');
  const bytes = bytesFromHex(hex);
  if (bytes === undefined) return raw(lowerCase, 'NOT_HEX');
  const decoder = DECODERS[bytes[0] ?? 0];
  if (decoder === undefined) return raw(lowerCase, ONLY_ZEROS.test(hex) ? 'ALL_ZERO' : 'UNKNOWN_HEADER');
  const decoded = decoder(bytes, lowerCase);
  return typeof decoded === 'string' ? raw(lowerCase, decoded) : decoded;
}

function raw(hex: string, reason: RawReason): RawEpc {
  return { scheme: 'raw', hex, reason };
}

function describe(scheme: PartitionedScheme, bytes: Uint8Array, hex: string): Gs1Epc | RawReason {
  const parts = decodePartitioned(scheme, bytes);
  if (typeof parts === 'string') return parts;
  const { filter, companyPrefix } = parts;
  const key = keyOfParts(scheme.uriScheme, parts);
  const names = {
    scheme: scheme.name,
    hex,
    filter,
    companyPrefix,
    uri: identityUri(scheme.uriScheme, parts),
    tagUri: `urn:epc:tag:${scheme.name}:${filter}.${partsText(scheme.uriScheme, parts)}`,
    digitalLink: toDigitalLink(key),
  };
  switch (key.key) {
    case 'gtin':
      return { ...names, gtin: key.gtin, serial: parts.serial };
    case 'sscc':
      return { ...names, sscc: key.sscc };
    case 'gln':
      return key.extension === undefined
        ? { ...names, gln: key.gln }
        : { ...names, gln: key.gln, serial: key.extension };
    case 'grai':
      return { ...names, grai: key.grai, serial: parts.serial };
    case 'giai':
      return { ...names, giai: key.giai };
  }
}
