/**
 * MT-SICS replies (Mettler-Toledo Standard Interface Command Set, levels 0 and 1), text line to meaning and back.
 * A weight is `S`, a blank, `S` or `D`, a blank, ten characters right-aligned, a blank, the unit. Everything else
 * a scale may say is one of the other kinds; a line that is none of them is not a reply.
 */
import { toMilligrams } from '../shared/mass.ts';

export type SicsReply = SicsWeight | SicsRefusal | SicsDone | SicsText | SicsError;

/** A net weight: answer to S, SI, SIR, SR (command `S`), to T, TI (stable or dynamic) or TA (accepted). */
interface SicsWeight {
  readonly kind: 'weight';
  readonly command: 'S' | 'T' | 'TI' | 'TA';
  readonly status: 'S' | 'D' | 'A';
  /** The number as sent, without the padding. */
  readonly value: string;
  readonly unit: string;
  /** Width of the number with its padding; ten in the standard. A lost character shows here. */
  readonly fieldWidth: number;
  /** Absent when the unit is not one of mass.ts. */
  readonly netMilligrams?: number;
}

/** The command was understood and not done. */
interface SicsRefusal {
  readonly kind: 'refusal';
  readonly command: string;
  /** `I` not executable now, `L` wrong parameter, `+` overload, `-` underload. */
  readonly reason: 'I' | 'L' | '+' | '-';
}

/** Done, nothing to report: `Z A`, `ZI S`, `ZI D`, `TAC A`. */
interface SicsDone {
  readonly kind: 'done';
  readonly command: 'Z' | 'ZI' | 'TAC';
  readonly status: 'A' | 'S' | 'D';
}

/** Identity and lists: `I4 A "1234567"`, `I0 B 0 "I0"`. `B` means more lines follow. */
interface SicsText {
  readonly kind: 'text';
  readonly command: 'I0' | 'I1' | 'I2' | 'I3' | 'I4';
  readonly status: 'A' | 'B';
  /** I0 only: the level of the command. */
  readonly level?: number;
  readonly texts: readonly string[];
}

/** `ES` syntax, `ET` transmission (parity, baud rate), `EL` logical. */
interface SicsError {
  readonly kind: 'error';
  readonly code: 'ES' | 'ET' | 'EL';
}

export const STANDARD_FIELD_WIDTH = 10;

const WEIGHT = /^(S|TI|TA|T) ([SDA]) ( *(-?\d[\d.]*)) ([A-Za-z]{1,5})$/;
const REFUSAL = /^(S|SI|SIR|SR|Z|ZI|T|TI|TA|TAC|I[0-4]|@) ([IL+-])$/;
const DONE = /^(Z|ZI|TAC) ([ASD])$/;
const TEXT = /^(I[0-4]) ([AB])(?: (\d{1,2}))?((?: "[^"]*")*)$/;
const ERROR = /^(ES|ET|EL)$/;
const DECIMAL = /^-?\d+(\.\d*)?$/;
const ALLOWED_WEIGHTS = new Set(['S S', 'S D', 'T S', 'T D', 'TI S', 'TI D', 'TA A']);

/** Undefined when the line is no MT-SICS reply. The line comes without its CR LF; trailing blanks do not matter. */
export function decodeReply(line: string): SicsReply | undefined {
  const text = line.trimEnd();
  return (
    decodeWeight(text) ?? decodeRefusal(text) ?? decodeDone(text) ?? decodeText(text) ?? decodeError(text)
  );
}

function decodeWeight(line: string): SicsWeight | undefined {
  const [, command, status, field, value, unit] = WEIGHT.exec(line) ?? [];
  if (command === undefined || status === undefined || field === undefined) return undefined;
  if (value === undefined || unit === undefined || !DECIMAL.test(value)) return undefined;
  if (!ALLOWED_WEIGHTS.has(`${command} ${status}`)) return undefined;
  const netMilligrams = toMilligrams(value, unit);
  return {
    kind: 'weight',
    command: command as SicsWeight['command'],
    status: status as SicsWeight['status'],
    value,
    unit,
    fieldWidth: field.length,
    ...(netMilligrams === undefined ? {} : { netMilligrams }),
  };
}

function decodeRefusal(line: string): SicsRefusal | undefined {
  const [, command, reason] = REFUSAL.exec(line) ?? [];
  if (command === undefined || reason === undefined) return undefined;
  return { kind: 'refusal', command, reason: reason as SicsRefusal['reason'] };
}

function decodeDone(line: string): SicsDone | undefined {
  const [, command, status] = DONE.exec(line) ?? [];
  if (command === undefined || status === undefined) return undefined;
  if ((status === 'A') === (command === 'ZI')) return undefined;
  return { kind: 'done', command: command as SicsDone['command'], status: status as SicsDone['status'] };
}

function decodeText(line: string): SicsText | undefined {
  const [, command, status, level, quoted] = TEXT.exec(line) ?? [];
  if (command === undefined || status === undefined || quoted === undefined) return undefined;
  return {
    kind: 'text',
    command: command as SicsText['command'],
    status: status as SicsText['status'],
    ...(level === undefined ? {} : { level: Number(level) }),
    texts: [...quoted.matchAll(/"([^"]*)"/g)].map(([, inner]) => inner ?? ''),
  };
}

function decodeError(line: string): SicsError | undefined {
  const [, code] = ERROR.exec(line) ?? [];
  return code === undefined ? undefined : { kind: 'error', code: code as SicsError['code'] };
}

/** The line without CR LF. */
export function encodeReply(reply: SicsReply): string {
  switch (reply.kind) {
    case 'weight':
      return `${reply.command} ${reply.status} ${reply.value.padStart(reply.fieldWidth)} ${reply.unit}`;
    case 'refusal':
      return `${reply.command} ${reply.reason}`;
    case 'done':
      return `${reply.command} ${reply.status}`;
    case 'text': {
      const level = reply.level === undefined ? '' : ` ${reply.level}`;
      return `${reply.command} ${reply.status}${level}${reply.texts.map((text) => ` "${text}"`).join('')}`;
    }
    case 'error':
      return reply.code;
  }
}
