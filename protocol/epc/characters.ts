/**
 * The GS1 AI encodable character set 82 (GS1 General Specifications §7.11) that serials, GLN extensions and asset
 * references are made of, and its two escapings: EPC URIs escape seven characters (TDS Table A-1), GS1 Digital
 * Link URIs everything that is not unreserved in RFC 3986.
 */

const SET_82 = /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+$/;
const URI_ESCAPED = /["%&/<>?]/g;
/** One component of an EPC URI: plain characters of the set, or %XX. */
const URI_COMPONENT = /^(?:[!'()*+,\-.0-9:;=A-Z_a-z]|%[0-9A-Fa-f]{2})+$/;
/** One path segment or query value of a Digital Link: nothing half-escaped. */
const LINK_COMPONENT = /^(?:[^%]|%[0-9A-Fa-f]{2})+$/;
const NOT_UNRESERVED = /[!'()*]/g;
const ALPHANUMERIC = /^[0-9A-Za-z]*$/;

/** True for a non-empty text that GS1 allows in a serial number. */
export function isGs1Text(text: string): boolean {
  return SET_82.test(text);
}

/** Allowed in a serial, by code point. */
export const IS_GS1_CHARACTER: readonly boolean[] = Array.from({ length: 128 }, (_, code) =>
  SET_82.test(String.fromCharCode(code)),
);

export function escapeForEpcUri(text: string): string {
  return ALPHANUMERIC.test(text) ? text : text.replace(URI_ESCAPED, percentEncode);
}

/** The text behind a component of an EPC URI; undefined when it is not one. */
export function unescapeFromEpcUri(component: string): string | undefined {
  return URI_COMPONENT.test(component) ? decoded(component) : undefined;
}

export function escapeForDigitalLink(text: string): string {
  return ALPHANUMERIC.test(text) ? text : encodeURIComponent(text).replace(NOT_UNRESERVED, percentEncode);
}

/** The text behind a path segment or query value of a Digital Link; undefined when it is not GS1 text. */
export function unescapeFromDigitalLink(segment: string): string | undefined {
  return LINK_COMPONENT.test(segment) ? decoded(segment) : undefined;
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

function decoded(escaped: string): string | undefined {
  const text = escaped.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return isGs1Text(text) ? text : undefined;
}
