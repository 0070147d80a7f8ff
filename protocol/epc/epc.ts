/**
 * The public face of EPC decoding and encoding: tag bits ↔ EPC URIs ↔ GS1 Digital Link ↔ GS1 keys, after GS1 Tag
 * Data Standard 2.x. `decode…`, `parse…` and `from…` never throw; `encode…`, `toEpcUri` and `…FromParts` throw EpcEncodeError
 * on values that cannot stand on a tag.
 */
export {
  gtinFromParts,
  isValidGln13,
  isValidGtin14,
  isValidSscc18,
  ssccFromParts,
  toGtin14,
} from './check-digit.ts';
export { decodeEpc } from './decode.ts';
export type { DecodedEpc, Gs1Epc } from './decoded-epc.ts';
export { fromDigitalLink, toDigitalLink } from './digital-link.ts';
export {
  encodeDigitalLink,
  encodeEpcUri,
  encodeGiai96,
  encodeGrai96,
  encodeSgln96,
  encodeSgtin96,
  encodeSgtin198,
  encodeSscc96,
  encodeTagUri,
  toEpcUri,
} from './encode.ts';
export { EpcEncodeError } from './encode-error.ts';
export { fromEpcUri } from './epc-uri.ts';
export { encodeDsgtinPlus, encodeSgtinPlus, encodeSsccPlus } from './plus.ts';
export type { TagDate, TagDateKind } from './tag-date.ts';
