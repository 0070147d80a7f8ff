/**
 * The TDS 1.x binary schemes as data (TDS §14.6): header, filter 3 bits, partition 3 bits, company prefix and
 * reference sharing a fixed number of bits, then a serial. The partition 0…6 says how the bits and digits are
 * split: the prefix has 12…6 digits in the bits of COMPANY_PREFIX_BITS.
 */
import type { PartitionedSchemeName } from './decoded-epc.ts';

export const COMPANY_PREFIX_BITS = [40, 37, 34, 30, 27, 24, 20] as const;

/** The EPC URI scheme the binary scheme carries. */
export type UriScheme = 'sgtin' | 'sscc' | 'sgln' | 'grai' | 'giai';

/** How a reference or serial stands in its bits. */
export type FieldCoding =
  /** A number of a fixed count of digits, leading zeros kept. */
  | 'digits'
  /** A number without leading zeros. */
  | 'integer'
  /** 7-bit characters, the rest filled with zeros (TDS §14.4.2). */
  | 'text';

export interface PartitionedScheme {
  readonly name: PartitionedSchemeName;
  readonly uriScheme: UriScheme;
  readonly header: number;
  readonly bits: number;
  /** Bits of company prefix and reference together. */
  readonly keyBits: number;
  /** Digits of company prefix and reference together; for a text reference, characters at most. */
  readonly keyLength: number;
  readonly reference: FieldCoding;
  readonly serial?: {
    readonly coding: 'integer' | 'text';
    readonly bits: number;
    readonly maxLength: number;
  };
}

/** An integer is limited by its bits alone. */
const ANY_LENGTH = Number.POSITIVE_INFINITY;

export const PARTITIONED_SCHEMES: readonly PartitionedScheme[] = [
  {
    name: 'sgtin-96',
    uriScheme: 'sgtin',
    header: 0x30,
    bits: 96,
    keyBits: 44,
    keyLength: 13,
    reference: 'digits',
    serial: { coding: 'integer', bits: 38, maxLength: ANY_LENGTH },
  },
  {
    name: 'sgtin-198',
    uriScheme: 'sgtin',
    header: 0x36,
    bits: 198,
    keyBits: 44,
    keyLength: 13,
    reference: 'digits',
    serial: { coding: 'text', bits: 140, maxLength: 20 },
  },
  {
    name: 'sscc-96',
    uriScheme: 'sscc',
    header: 0x31,
    bits: 96,
    keyBits: 58,
    keyLength: 17,
    reference: 'digits',
  },
  {
    name: 'sgln-96',
    uriScheme: 'sgln',
    header: 0x32,
    bits: 96,
    keyBits: 41,
    keyLength: 12,
    reference: 'digits',
    serial: { coding: 'integer', bits: 41, maxLength: ANY_LENGTH },
  },
  {
    name: 'sgln-195',
    uriScheme: 'sgln',
    header: 0x39,
    bits: 195,
    keyBits: 41,
    keyLength: 12,
    reference: 'digits',
    serial: { coding: 'text', bits: 140, maxLength: 20 },
  },
  {
    name: 'grai-96',
    uriScheme: 'grai',
    header: 0x33,
    bits: 96,
    keyBits: 44,
    keyLength: 12,
    reference: 'digits',
    serial: { coding: 'integer', bits: 38, maxLength: ANY_LENGTH },
  },
  {
    name: 'grai-170',
    uriScheme: 'grai',
    header: 0x37,
    bits: 170,
    keyBits: 44,
    keyLength: 12,
    reference: 'digits',
    serial: { coding: 'text', bits: 112, maxLength: 16 },
  },
  {
    name: 'giai-96',
    uriScheme: 'giai',
    header: 0x34,
    bits: 96,
    keyBits: 82,
    keyLength: ANY_LENGTH,
    reference: 'integer',
  },
  {
    name: 'giai-202',
    uriScheme: 'giai',
    header: 0x38,
    bits: 202,
    keyBits: 188,
    keyLength: 30,
    reference: 'text',
  },
];

export function partitionedScheme(name: string): PartitionedScheme | undefined {
  return PARTITIONED_SCHEMES.find((scheme) => scheme.name === name);
}
