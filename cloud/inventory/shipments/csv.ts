/**
 * CSV after RFC 4180: quoted fields with "" and line breaks in them, rows that end in CRLF or LF, an optional byte order
 * mark. PURE. Separator: comma, or semicolon when the header has more of those (spreadsheets of many countries write it).
 * Empty lines are no rows; rows may differ in length. Reading ends at the first fault.
 */
import { CsvError, type CsvErrorCode, parse } from 'csv-parse/sync';

/** Far above what one load may list; that many are read in about a second. */
const MAX_ROWS = 500_000;
/** The parser takes a hundred times longer for each of these. */
const MAX_UNEVEN_ROWS = 1000;

export interface CsvRow {
  /** Where the row begins in the text, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** `line`: where the row at fault begins. */
type CsvResult = { ok: true; rows: CsvRow[] } | { ok: false; line: number; message: string };

/** What a text can be at fault in; any other error of the parser is ours. */
const TEXT_FAULTS: { readonly [code in CsvErrorCode]?: string } = {
  CSV_QUOTE_NOT_CLOSED: 'a quoted field has no end; write a quote inside of it twice',
  CSV_INVALID_CLOSING_QUOTE: 'text after a quoted field; write a quote inside of it twice',
  INVALID_OPENING_QUOTE:
    'a quote inside of an unquoted field; put the field in quotes and write the one inside twice',
};

class TooMuch extends Error {}

export function parseCsv(text: string): CsvResult {
  const rows: CsvRow[] = [];
  // The parser counts a CRLF in quotes as two lines. So: where the next row begins, empty lines left aside.
  let line = 1;
  let emptyLines = 0;
  try {
    parse(text, {
      bom: true,
      delimiter: separatorOf(text),
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: true,
      on_record: (fields: string[], info) => {
        emptyLines = info.empty_lines;
        if (rows.length === MAX_ROWS) throw new TooMuch(`more than ${MAX_ROWS} rows; send them in parts`);
        if (info.invalid_field_length > MAX_UNEVEN_ROWS)
          throw new TooMuch(`more than ${MAX_UNEVEN_ROWS} rows with other fields than the first row`);
        rows.push({ line: line + emptyLines, fields });
        line += 1 + lineBreaks(fields);
        return undefined;
      },
    });
  } catch (error) {
    if (error instanceof TooMuch) return { ok: false, line: line + emptyLines, message: error.message };
    const fault = error instanceof CsvError ? TEXT_FAULTS[error.code] : undefined;
    if (!(error instanceof CsvError) || fault === undefined) throw error;
    const place = `field ${Number(error.column) + 1}`;
    return { ok: false, line: line + Number(error.empty_lines), message: `${fault} (${place})` };
  }
  return { ok: true, rows };
}

function separatorOf(text: string): ',' | ';' {
  const header = text.slice(0, Math.max(0, text.search(/[\r\n]|$/)));
  return header.split(';').length > header.split(',').length ? ';' : ',';
}

function lineBreaks(fields: readonly string[]): number {
  return fields.reduce((sum, field) => sum + (field.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
}
