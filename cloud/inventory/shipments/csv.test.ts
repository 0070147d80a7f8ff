import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCsv } from './csv.ts';

interface Written {
  readonly text: string;
  /** The line on which each row begins. */
  readonly lines: readonly number[];
}

type Style = { separator: string; ending: string; mark: boolean; lastEnding: boolean };

/** RFC 4180 section 2, by its own words: quotes where the field needs them, or where `quoted` wants them. */
function writeCsv(rows: readonly (readonly string[])[], style: Style, quoted: readonly boolean[]): Written {
  const { separator, ending } = style;
  let text = '';
  let cells = 0;
  const lines: number[] = [];
  rows.forEach((row, index) => {
    lines.push(text.replaceAll('\r\n', '\n').split(/[\r\n]/).length);
    const isEmptyLine = row.length === 1 && row[0] === '';
    const written = row.map((field) => {
      const wanted = quoted[cells++ % quoted.length] === true;
      const needed = [separator, '"', '\r', '\n'].some((special) => field.includes(special));
      return wanted || needed || isEmptyLine ? `"${field.split('"').join('""')}"` : field;
    });
    const isLast = index === rows.length - 1;
    text += written.join(separator) + (isLast && !style.lastEnding ? '' : ending);
  });
  return { text: `${style.mark ? '\uFEFF' : ''}${text}`, lines };
}

const field = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', ' ', ',', ';', '"', '\n', '\r', '\r\n', '\uFEFF', '\0', 'é') }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', 'constructor', '007', '1e3', 'null', '=1+1', '#'),
);
const table = fc
  .integer({ min: 1, max: 4 })
  .chain((width) => fc.array(fc.array(field, { minLength: width, maxLength: width }), { maxLength: 6 }))
  .map((rows) => [['h', ...(rows[0] ?? []).slice(1).map((_, index) => `h${index}`)], ...rows]);
const style = fc.record({
  separator: fc.constantFrom(',', ';'),
  ending: fc.constantFrom('\r\n', '\n'),
  mark: fc.boolean(),
  lastEnding: fc.boolean(),
});
const quoted = fc.array(fc.boolean(), { minLength: 1, maxLength: 7 });

function faultOf(text: string): string {
  const parsed = parseCsv(text);
  return parsed.ok ? 'none' : `line ${parsed.line}: ${parsed.message}`;
}

describe('CSV', () => {
  it('reads back any table as it was written, and knows the line of each row', () => {
    fc.assert(
      fc.property(table, style, quoted, (rows, how, wanted) => {
        // A table of one column shows no separator, so it is read as with commas.
        const separator = rows[0]?.length === 1 ? ',' : how.separator;
        const written = writeCsv(rows, { ...how, separator }, wanted);
        const expected = rows.map((fields, index) => ({ line: written.lines[index], fields }));
        expect(parseCsv(written.text)).toEqual({ ok: true, rows: expected });
      }),
    );
  });

  it('passes over empty lines and counts them', () => {
    const text = '\uFEFF\r\na,b\r\n\r\n"1\r\n\r\n1",2\n\n\n3\r4,""\n';
    expect(parseCsv(text)).toEqual({
      ok: true,
      rows: [
        { line: 2, fields: ['a', 'b'] },
        { line: 4, fields: ['1\r\n\r\n1', '2'] },
        { line: 9, fields: ['3'] },
        { line: 10, fields: ['4', ''] },
      ],
    });
    expect(parseCsv('')).toEqual({ ok: true, rows: [] });
  });

  it.each([
    ['text after a quoted field', 'a,b\n"x"y,2', 'line 2: text after a quoted field'],
    ['a quote in an unquoted field', 'a,b\n1,x"y\n', 'line 2: a quote inside of an unquoted field'],
    ['a quote without an end', 'a,b\n1,2\n3,"4\r\n5,6\r\n', 'line 3: a quoted field has no end'],
    ['its field', 'a,b\n1,x"y"\n', 'in quotes and write the one inside twice (field 2)'],
    [
      'its line, after line breaks in quotes and empty lines',
      'a\n\n"\r\n\r\n"\n\n"x"y',
      'line 7: text after',
    ],
    ['too many rows of another length', `a\n${'1,2\n'.repeat(1001)}`, 'line 1002: more than 1000 rows'],
    ['too many rows', 'a\n'.repeat(500_001), 'line 500001: more than 500000 rows'],
  ])('says %s', (_title, text, fault) => {
    expect(faultOf(text)).toContain(fault);
  });

  it('never throws, whatever the text', () => {
    const piece = fc.constantFrom('a', ',', ';', '"', '""', '\n', '\r', '\uFEFF', '\0', ' ', '\\');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const parsed = parseCsv(pieces.join(''));
        expect(parsed.ok || parsed.line > 0).toBe(true);
      }),
    );
  });
});
