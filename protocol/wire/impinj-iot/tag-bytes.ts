/**
 * Memory bank contents in the reader's JSON: `epcHex`, `tidHex` are hex; `epc`, `tid`, `pc` base64 by the book,
 * hex in messages written by hand. All of them come out as lower-case hex.
 */

/** The longest EPC bank a tag can announce: 31 words. */
export const MAX_EPC_BYTES = 62;

const HEX = /^(?:[0-9a-f]{2})+$/;
/** Hex of whole words, long enough that it is not the base64 of a usual EPC (16 characters for 96 bits). */
const HEX_OF_WORDS = /^(?:[0-9A-Fa-f]{4}){5,}$/;
const BASE64 = /^[0-9A-Za-z+/_-]+={0,2}$/;
const MAX_TEXT = 4 * MAX_EPC_BYTES;

/** Hex out of a `…Hex` field: separators and case do not matter; undefined when it is not hex of whole bytes. */
export function fromHexField(text: string): string | undefined {
  if (text.length > MAX_TEXT) return undefined;
  return bounded(text.replace(/^0x|[\s:-]/gi, '').toLowerCase());
}

/**
 * Hex out of a base64 field. Twenty and more hex digits in groups of four are taken for hex: as base64 they would
 * be an EPC of 15, 18, 21 … bytes, which almost no tag carries.
 */
export function fromBase64Field(text: string): string | undefined {
  if (text.length > MAX_TEXT) return undefined;
  if (HEX_OF_WORDS.test(text)) return bounded(text.toLowerCase());
  if (!BASE64.test(text)) return undefined;
  const standard = text.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/');
  if (standard.length % 4 === 1) return undefined;
  let hex = '';
  for (const character of atob(standard)) hex += character.charCodeAt(0).toString(16).padStart(2, '0');
  return bounded(hex);
}

export function toBase64Field(hex: string): string {
  let bytes = '';
  for (let i = 0; i + 1 < hex.length; i += 2) {
    bytes += String.fromCharCode(Number.parseInt(hex.slice(i, i + 2), 16));
  }
  return btoa(bytes);
}

function bounded(hex: string): string | undefined {
  return HEX.test(hex) && hex.length <= 2 * MAX_EPC_BYTES ? hex : undefined;
}
