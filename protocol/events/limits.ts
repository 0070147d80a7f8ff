/** On which side of a limit a condition is wrong. */
import * as z from 'zod';

interface ComparatorKind {
  /** As codes call it: `<metric's code>_<code>`. */
  readonly code: string;
  /** 1 or -1: what to multiply a value with, so that it grows away from the bounds. */
  readonly sign: 1 | -1;
}

export const COMPARATORS = {
  above: { code: 'HIGH', sign: 1 },
  below: { code: 'LOW', sign: -1 },
} as const satisfies Record<string, ComparatorKind>;

export type Comparator = keyof typeof COMPARATORS;

export const comparatorSchema = z.enum(Object.keys(COMPARATORS) as Comparator[]);
