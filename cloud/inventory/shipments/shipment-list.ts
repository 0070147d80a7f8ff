/**
 * A list of expected shipments as partners send it, in JSON or CSV (csv.ts). PURE. Strict: an unknown field, a wrong
 * check digit or a line that expects nothing is refused with its place; all of the list is taken or nothing.
 *
 * A line expects `quantity` tags: those it lists (`epcs`), the tag of one pallet (`sscc`), or any of an item
 * (`gtin`, and `lot` where it is known). `lot` and `expiry` also describe the listed tags from now on.
 */
import * as z from 'zod';
import { isValidSscc18, toGtin14 } from '../../../protocol/epc/epc.ts';

/** One load: a day's shipments of a large site. */
const MAX_SHIPMENTS = 2000;
const MAX_LINES = 5000;
const MAX_LISTED_TAGS = 200_000;

/** What the database can keep: no NUL, no unpaired surrogate. */
const plain = z
  .string()
  .refine((value) => value.isWellFormed() && !value.includes('\0'), 'expected plain text');
const text = plain.min(1).max(200);
const gtin = z.string().transform((value, context) => {
  const key = toGtin14(value);
  if (key === undefined) context.addIssue(`expected a GTIN with a right check digit, got "${value}"`);
  return key ?? z.NEVER;
});
const sscc = z.string().refine(isValidSscc18, 'expected an SSCC of 18 digits with a right check digit');
const time = z.iso.datetime({ offset: true }).transform((value) => Date.parse(value));
const epc = z
  .string()
  .transform((value) => value.toLowerCase())
  .pipe(z.string().regex(/^([0-9a-f]{2}){1,62}$/, 'expected an EPC as hexadecimal digits'));

const lineSchema = z
  .strictObject({
    line: z.int().positive().max(1_000_000).optional(),
    gtin: gtin.optional(),
    sscc: sscc.optional(),
    lot: plain.min(1).max(64).optional(),
    expiry: z.iso.date().optional(),
    /** Default: as many as tags are listed, or 1 for a pallet. */
    quantity: z.int().positive().max(1_000_000).optional(),
    epcs: z.array(epc).default([]),
    /** Name of the item, for items that the site does not know yet. */
    itemName: text.optional(),
  })
  .refine((line) => line.gtin !== undefined || line.sscc !== undefined || line.epcs.length > 0, {
    message: 'expected gtin, sscc or epcs: the line does not say what comes',
  })
  .refine((line) => line.quantity !== undefined || line.epcs.length > 0 || line.gtin === undefined, {
    path: ['quantity'],
    message: 'expected how many of the item come',
  })
  .refine((line) => (line.quantity ?? line.epcs.length) >= line.epcs.length || line.epcs.length === 0, {
    path: ['quantity'],
    message: 'expected at least as many as tags are listed',
  });

const shipmentInputSchema = z
  .strictObject({
    id: z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/, 'expected letters, digits and . _ : -'),
    kind: z.enum(['inbound', 'outbound']),
    reference: text.optional(),
    partner: plain.max(200).default(''),
    readPoint: plain.min(1).max(64),
    expectedFrom: time,
    expectedTo: time,
    lines: z.array(lineSchema).min(1).max(MAX_LINES),
  })
  .refine((shipment) => shipment.expectedTo > shipment.expectedFrom, {
    path: ['expectedTo'],
    message: 'expected a time after expectedFrom',
  });

const itemInputSchema = z.strictObject({ gtin, name: text, sku: text.optional() });

const listSchema = z.strictObject({
  shipments: z.array(shipmentInputSchema).min(1).max(MAX_SHIPMENTS),
  items: z.array(itemInputSchema).default([]),
});

interface ShipmentLineInput {
  readonly line: number;
  readonly gtin: string | null;
  readonly sscc: string | null;
  readonly lot: string | null;
  readonly expiry: string | null;
  readonly quantity: number;
  readonly epcs: readonly string[];
}

interface ShipmentInput {
  readonly id: string;
  readonly kind: 'inbound' | 'outbound';
  readonly reference: string;
  readonly partner: string;
  readonly readPoint: string;
  readonly expectedFrom: number;
  readonly expectedTo: number;
  readonly lines: readonly ShipmentLineInput[];
}

export interface ShipmentList {
  readonly shipments: readonly ShipmentInput[];
  readonly items: readonly { readonly gtin: string; readonly name: string; readonly sku: string | null }[];
}

/** `place` is a path in JSON, or a line and column in CSV. */
export interface ListProblem {
  readonly place: string;
  readonly message: string;
}

export type ParsedList = { ok: true; list: ShipmentList } | { ok: false; problems: readonly ListProblem[] };

/** Says where in the source a path of the parsed value stands. */
type Locate = (path: readonly PropertyKey[]) => string;

/** `value` is one shipment list: `{shipments, items?}` or just the array of shipments. */
export function parseShipmentList(value: unknown, locate: Locate = jsonPlace): ParsedList {
  const parsed = listSchema.safeParse(Array.isArray(value) ? { shipments: value } : value);
  if (!parsed.success) {
    const inArray = Array.isArray(value);
    const problems = parsed.error.issues.map(({ path, message }) => {
      return { place: locate(inArray ? path.slice(1) : path), message };
    });
    return { ok: false, problems };
  }
  const shipments = parsed.data.shipments.map(shipmentOf);
  const problems = duplicates(shipments, Array.isArray(value) ? [] : ['shipments'], locate);
  if (problems.length > 0) return { ok: false, problems };
  const named = parsed.data.shipments.flatMap(({ lines }) =>
    lines.flatMap((line) =>
      line.gtin !== undefined && line.itemName !== undefined
        ? [{ gtin: line.gtin, name: line.itemName }]
        : [],
    ),
  );
  const items = new Map([...named, ...parsed.data.items].map((item) => [item.gtin, { sku: null, ...item }]));
  return { ok: true, list: { shipments, items: [...items.values()] } };
}

function jsonPlace(path: readonly PropertyKey[]): string {
  const place = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  return place.replace(/^\./, '') || 'the list';
}

function shipmentOf(input: z.infer<typeof shipmentInputSchema>): ShipmentInput {
  const { lines, reference, ...shipment } = input;
  return {
    ...shipment,
    reference: reference ?? shipment.id,
    lines: lines.map((line, index) => {
      const epcs = [...new Set(line.epcs)];
      return {
        line: line.line ?? index + 1,
        gtin: line.gtin ?? null,
        sscc: line.sscc ?? null,
        lot: line.lot ?? null,
        expiry: line.expiry ?? null,
        quantity: line.quantity ?? Math.max(1, epcs.length),
        epcs,
      };
    }),
  };
}

function duplicates(
  shipments: readonly ShipmentInput[],
  root: readonly PropertyKey[],
  locate: Locate,
): ListProblem[] {
  const problems: ListProblem[] = [];
  const ids = new Set<string>();
  let tags = 0;
  shipments.forEach((shipment, index) => {
    const at = (...path: PropertyKey[]) => locate([...root, index, ...path]);
    if (ids.has(shipment.id))
      problems.push({ place: at('id'), message: `shipment ${shipment.id} stands twice` });
    ids.add(shipment.id);
    const lines = new Set<number>();
    const epcs = new Set<string>();
    shipment.lines.forEach((line, position) => {
      if (lines.has(line.line)) {
        problems.push({ place: at('lines', position), message: `line ${line.line} stands twice` });
      }
      lines.add(line.line);
      for (const listed of line.epcs) {
        if (epcs.has(listed)) {
          problems.push({ place: at('lines', position, 'epcs'), message: `tag ${listed} stands twice` });
        }
        epcs.add(listed);
      }
    });
    tags += epcs.size;
  });
  if (tags > MAX_LISTED_TAGS) {
    problems.push({
      place: 'the list',
      message: `lists more than ${MAX_LISTED_TAGS} tags; send it in parts`,
    });
  }
  return problems;
}
