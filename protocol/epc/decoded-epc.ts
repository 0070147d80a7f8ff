/**
 * What a tag says, as a value: a GS1 key with its names in every notation, or the raw hex with the reason why it
 * is not one. Nothing is ever dropped: both carry the hex.
 */
import type { TagDate } from './tag-date.ts';

/** Binary schemes with a partition table (TDS 1.x): the length of the company prefix stands on the tag. */
export type PartitionedSchemeName =
  | 'sgtin-96'
  | 'sgtin-198'
  | 'sscc-96'
  | 'sgln-96'
  | 'sgln-195'
  | 'grai-96'
  | 'grai-170'
  | 'giai-96'
  | 'giai-202';

/** The "+" schemes (TDS 2.x): the key as on a barcode, without the length of the company prefix. */
export type PlusSchemeName = 'sgtin+' | 'dsgtin+' | 'sscc+';

type Gs1SchemeName = PartitionedSchemeName | PlusSchemeName;

export interface Gs1Epc {
  readonly scheme: Gs1SchemeName;
  /** The EPC bank as given, lower case. */
  readonly hex: string;
  readonly filter: number;
  /**
   * The identity without filter and binary details: `urn:epc:id:…`; for the "+" schemes, for which TDS defines no
   * EPC URI, the canonical Digital Link without the date.
   */
  readonly uri: string;
  /** `urn:epc:tag:…`; absent for the "+" schemes, for which TDS defines none. */
  readonly tagUri?: string;
  /** Canonical GS1 Digital Link on https://id.gs1.org, with a DSGTIN+ date as query. */
  readonly digitalLink: string;
  /** GS1 company prefix; unknown for the "+" schemes. */
  readonly companyPrefix?: string;
  /** GTIN-14, of SGTIN and DSGTIN+. */
  readonly gtin?: string;
  /** SSCC-18. */
  readonly sscc?: string;
  /** GLN-13, of SGLN. */
  readonly gln?: string;
  /** The 13 digits of the asset type, of GRAI. */
  readonly grai?: string;
  /** Company prefix and individual asset reference, of GIAI. */
  readonly giai?: string;
  /** Serial of an SGTIN or GRAI, extension of an SGLN (absent when the SGLN is a plain GLN). */
  readonly serial?: string;
  readonly date?: TagDate;
  /** True when the tag says that further AIDC data follow the EPC ("+" schemes). */
  readonly hasAidcData?: boolean;
}

export type RawReason =
  | 'EMPTY'
  | 'NOT_HEX'
  | 'ALL_ZERO'
  | 'UNKNOWN_HEADER'
  | 'WRONG_LENGTH'
  | 'BAD_PARTITION'
  | 'OUT_OF_RANGE'
  | 'BAD_CHARACTER'
  | 'BAD_CHECK_DIGIT'
  | 'BAD_DATE'
  | 'BAD_PADDING';

export interface RawEpc {
  readonly scheme: 'raw';
  readonly hex: string;
  readonly reason: RawReason;
}

export type DecodedEpc = Gs1Epc | RawEpc;
