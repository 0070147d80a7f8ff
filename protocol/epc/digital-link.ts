/**
 * GS1 Digital Link URIs (GS1 Digital Link Standard: URI Syntax 1.4): the canonical form on https://id.gs1.org out
 * of GS1 keys, and the keys out of a link on any domain. Parsing never throws.
 */

import { escapeForDigitalLink, unescapeFromDigitalLink } from './characters.ts';
import { isValidGln13, isValidSscc18, toGtin14 } from './check-digit.ts';
import { dateElement, dateFromElement, type TagDate } from './tag-date.ts';

/** A GS1 key as a Digital Link names it. */
export type Gs1Key =
  | {
      readonly key: 'gtin';
      readonly gtin: string;
      readonly lot?: string;
      readonly serial?: string;
      /** The expiry date where the link carries several. */
      readonly date?: TagDate;
    }
  | { readonly key: 'sscc'; readonly sscc: string }
  | { readonly key: 'gln'; readonly gln: string; readonly extension?: string }
  /** `grai` is the 13 digits of the asset type, without the leading zero of AI 8003. */
  | { readonly key: 'grai'; readonly grai: string; readonly serial?: string }
  | { readonly key: 'giai'; readonly giai: string };

const RESOLVER = 'https://id.gs1.org';
const MAX_LINK_LENGTH = 2048;

export function gtinLink(gtin: string, serial: string): string {
  return `${RESOLVER}/01/${gtin}/21/${escapeForDigitalLink(serial)}`;
}

export function ssccLink(sscc: string): string {
  return `${RESOLVER}/00/${sscc}`;
}

function glnLink(gln: string, extension: string | undefined): string {
  const qualifier = extension === undefined ? '' : `/254/${escapeForDigitalLink(extension)}`;
  return `${RESOLVER}/414/${gln}${qualifier}`;
}

function graiLink(grai: string, serial: string): string {
  return `${RESOLVER}/8003/0${grai}${escapeForDigitalLink(serial)}`;
}

function giaiLink(giai: string): string {
  return `${RESOLVER}/8004/${escapeForDigitalLink(giai)}`;
}

/** The canonical link of any key. */
export function toDigitalLink(key: Gs1Key): string {
  switch (key.key) {
    case 'gtin': {
      const lot = key.lot === undefined ? '' : `/10/${escapeForDigitalLink(key.lot)}`;
      const serial = key.serial === undefined ? '' : `/21/${escapeForDigitalLink(key.serial)}`;
      const date = key.date === undefined ? '' : `?${dateElement(key.date)}`;
      return `${RESOLVER}/01/${key.gtin}${lot}${serial}${date}`;
    }
    case 'sscc':
      return ssccLink(key.sscc);
    case 'gln':
      return glnLink(key.gln, key.extension);
    case 'grai':
      return graiLink(key.grai, key.serial ?? '');
    case 'giai':
      return giaiLink(key.giai);
  }
}

/**
 * The key a Digital Link names: on any http(s) domain, behind any path, with further elements ignored.
 * Undefined when it names none, or a key with a wrong check digit.
 */
export function fromDigitalLink(link: string): Gs1Key | undefined {
  if (link.length > MAX_LINK_LENGTH) return undefined;
  const parts = /^https?:\/\/[^/?#\s]+\/([^?#]*)(?:\?([^#]*))?(?:#.*)?$/i.exec(link);
  if (parts === null) return undefined;
  const segments = (parts[1] ?? '').replace(/\/$/, '').split('/');
  const query = elements((parts[2] ?? '').split(/[&;]/).flatMap(splitPair));
  for (let start = segments.length % 2; start + 1 < segments.length; start += 2) {
    const primary = unescapeFromDigitalLink(segments[start + 1] ?? '');
    const path = elements(segments.slice(start + 2));
    const key = primary === undefined ? undefined : keyFrom(segments[start] ?? '', primary, path, query);
    if (key !== undefined) return key;
  }
  return undefined;
}

type Elements = ReadonlyMap<string, string>;

function splitPair(pair: string): string[] {
  const equals = pair.indexOf('=');
  return equals < 0 ? [] : [pair.slice(0, equals), pair.slice(equals + 1)];
}

function elements(alternating: readonly string[]): Elements {
  const found = new Map<string, string>();
  for (let i = 0; i + 1 < alternating.length; i += 2) {
    const value = unescapeFromDigitalLink(alternating[i + 1] ?? '');
    if (value !== undefined) found.set(alternating[i] ?? '', value);
  }
  return found;
}

function keyFrom(ai: string, value: string, path: Elements, query: Elements): Gs1Key | undefined {
  switch (ai) {
    case '01': {
      const gtin = toGtin14(value);
      return gtin === undefined ? undefined : gtinKey(gtin, path, query);
    }
    case '00':
      return isValidSscc18(value) ? { key: 'sscc', sscc: value } : undefined;
    case '414': {
      const extension = path.get('254');
      if (!isValidGln13(value)) return undefined;
      return { key: 'gln', gln: value, ...(extension === undefined ? {} : { extension }) };
    }
    case '8003': {
      const grai = value.slice(1, 14);
      if (!value.startsWith('0') || !isValidGln13(grai) || value.length > 30) return undefined;
      return { key: 'grai', grai, ...(value.length === 14 ? {} : { serial: value.slice(14) }) };
    }
    case '8004':
      return value.length <= 30 ? { key: 'giai', giai: value } : undefined;
    default:
      return undefined;
  }
}

function gtinKey(gtin: string, path: Elements, query: Elements): Gs1Key {
  const serial = path.get('21') ?? query.get('21');
  const lot = path.get('10') ?? query.get('10');
  const dates = [...query]
    .map(([ai, value]) => dateFromElement(ai, value))
    .filter((found) => found !== undefined);
  const date = dates.find(({ kind }) => kind === 'expiry') ?? dates[0];
  return {
    key: 'gtin',
    gtin,
    ...(lot === undefined ? {} : { lot }),
    ...(serial === undefined ? {} : { serial }),
    ...(date === undefined ? {} : { date }),
  };
}
