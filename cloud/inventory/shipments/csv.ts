/**
 * CSV after RFC 4180: quoted fields with "" and line breaks in them, CRLF or LF, an optional byte order mark. PURE.
 * Separator: comma, or semicolon when the header has more of those (spreadsheets of many countries write it).
 */
export interface CsvRow {
  /** Where the row begins in the text, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

type CsvResult = { ok: true; rows: CsvRow[] } | { ok: false; line: number; message: string };

export function parseCsv(text: string): CsvResult {
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const header = source.slice(0, Math.max(0, source.search(/[\r\n]|$/)));
  const separator = header.split(';').length > header.split(',').length ? ';' : ',';
  const rows: CsvRow[] = [];
  let line = 1;
  let at = 0;
  while (at < source.length) {
    const begun = line;
    const fields: string[] = [];
    for (;;) {
      if (source[at] === '"') {
        const end = closingQuote(source, at + 1);
        if (end === undefined) return { ok: false, line: begun, message: 'a quoted field has no end' };
        const field = source.slice(at + 1, end);
        line += field.split('\n').length - 1;
        fields.push(field.replaceAll('""', '"'));
        at = end + 1;
      } else {
        const rest = source.slice(at).search(separator === ',' ? /[,\r\n]/ : /[;\r\n]/);
        const end = rest === -1 ? source.length : at + rest;
        const field = source.slice(at, end);
        if (field.includes('"')) return { ok: false, line, message: 'a quote inside of an unquoted field' };
        fields.push(field);
        at = end;
      }
      if (source[at] !== separator) break;
      at += 1;
    }
    if (at < source.length && !/[\r\n]/.test(source[at] ?? '')) {
      return { ok: false, line, message: 'text after a quoted field' };
    }
    if (source[at] === '\r') at += 1;
    if (source[at] === '\n') at += 1;
    line += 1;
    if (fields.length > 1 || fields[0] !== '') rows.push({ line: begun, fields });
  }
  return { ok: true, rows };
}

/** The quote that ends the field; doubled ones belong to it. */
function closingQuote(source: string, from: number): number | undefined {
  for (let at = from; ; at += 2) {
    at = source.indexOf('"', at);
    if (at === -1) return undefined;
    if (source[at + 1] !== '"') return at;
  }
}
