/**
 * Expected shipments as CSV: a header of known columns in any order, then one row per line of a shipment; the
 * shipment's own columns are repeated or left empty after its first row. Listed tags stand in one field,
 * separated by blanks. PURE.
 */
import { type CsvRow, parseCsv } from './csv.ts';
import { type ListProblem, type ParsedList, parseShipmentList } from './shipment-list.ts';

const SHIPMENT_COLUMNS = {
  shipment: 'id',
  kind: 'kind',
  reference: 'reference',
  partner: 'partner',
  read_point: 'readPoint',
  expected_from: 'expectedFrom',
  expected_to: 'expectedTo',
} as const;
const LINE_COLUMNS = {
  line: 'line',
  gtin: 'gtin',
  sscc: 'sscc',
  lot: 'lot',
  expiry: 'expiry',
  quantity: 'quantity',
  epcs: 'epcs',
  item_name: 'itemName',
} as const;
const REQUIRED = ['shipment', 'kind', 'read_point', 'expected_from', 'expected_to'] as const;
const COLUMNS = new Set([...Object.keys(SHIPMENT_COLUMNS), ...Object.keys(LINE_COLUMNS)]);

interface Draft {
  readonly row: number;
  readonly shipment: Record<string, string>;
  readonly lines: { readonly row: number; readonly fields: Record<string, unknown> }[];
}

export function parseShipmentCsv(text: string): ParsedList {
  const csv = parseCsv(text);
  if (!csv.ok) return { ok: false, problems: [{ place: `line ${csv.line}`, message: csv.message }] };
  const [header, ...rows] = csv.rows;
  if (header === undefined)
    return { ok: false, problems: [{ place: 'line 1', message: 'expected a header' }] };
  const columns = header.fields.map((name) => name.trim().toLowerCase());
  const problems = headerProblems(header, columns);
  if (problems.length > 0) return { ok: false, problems };
  const drafts = draftsOf(rows, columns, problems);
  if (problems.length > 0) return { ok: false, problems };
  const list = drafts.map(({ shipment, lines }) => ({
    ...shipment,
    lines: lines.map((line) => line.fields),
  }));
  return parseShipmentList(list, (path) => placeOf(path, drafts));
}

function headerProblems(header: CsvRow, columns: readonly string[]): ListProblem[] {
  const place = `line ${header.line}`;
  const unknown = columns.filter((name) => !COLUMNS.has(name));
  const twice = columns.filter((name, index) => columns.indexOf(name) !== index);
  const missing = REQUIRED.filter((name) => !columns.includes(name));
  return [
    ...unknown.map((name) => ({
      place,
      message: `unknown column "${name}"; known: ${[...COLUMNS].join(', ')}`,
    })),
    ...twice.map((name) => ({ place, message: `column "${name}" stands twice` })),
    ...missing.map((name) => ({ place, message: `expected a column "${name}"` })),
  ];
}

function draftsOf(rows: readonly CsvRow[], columns: readonly string[], problems: ListProblem[]): Draft[] {
  const drafts = new Map<string, Draft>();
  for (const row of rows) {
    if (row.fields.length !== columns.length) {
      const message = `expected ${columns.length} fields, got ${row.fields.length}`;
      problems.push({ place: `line ${row.line}`, message });
      continue;
    }
    const values = new Map(columns.map((name, index) => [name, (row.fields[index] ?? '').trim()]));
    const id = values.get('shipment') ?? '';
    const draft = drafts.get(id) ?? { row: row.line, shipment: {}, lines: [] };
    drafts.set(id, draft);
    for (const [column, field] of Object.entries(SHIPMENT_COLUMNS)) {
      const value = values.get(column) ?? '';
      if (value === '') continue;
      const known = draft.shipment[field] ?? value;
      draft.shipment[field] = known;
      if (known !== value) {
        const message = `${column} is "${value}", but "${known}" in an earlier row of shipment ${id}`;
        problems.push({ place: `line ${row.line}`, message });
      }
    }
    draft.lines.push({ row: row.line, fields: lineFields(values) });
  }
  return [...drafts.values()];
}

function lineFields(values: ReadonlyMap<string, string>): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [column, field] of Object.entries(LINE_COLUMNS)) {
    const value = values.get(column) ?? '';
    if (value === '') continue;
    if (field === 'epcs') fields[field] = value.split(/\s+/);
    else if (field === 'line' || field === 'quantity')
      fields[field] = /^\d+$/.test(value) ? Number(value) : value;
    else fields[field] = value;
  }
  return fields;
}

/** The row and column that a path of the drafts came from. */
function placeOf(path: readonly PropertyKey[], drafts: readonly Draft[]): string {
  const [index, field, position, lineField] = path;
  const draft = typeof index === 'number' ? drafts[index] : undefined;
  if (draft === undefined) return 'the list';
  const line = field === 'lines' && typeof position === 'number' ? draft.lines[position] : undefined;
  const column = columnOf(line === undefined ? field : lineField);
  return `line ${line?.row ?? draft.row}${column === undefined ? '' : `, ${column}`}`;
}

function columnOf(field: PropertyKey | undefined): string | undefined {
  const all = Object.entries({ ...SHIPMENT_COLUMNS, ...LINE_COLUMNS });
  return all.find(([, name]) => name === field)?.[0];
}
