/**
 * LLRPStatus and its code book (LLRP 1.1 §15.2.1): the answer to every request, and the words to show for it.
 * A ParameterError may nest without limit in the standard; one level is decoded, the inner one stays in `extras`.
 */
import { u16, utf8v } from './fields.ts';
import { optional, parameter, type ValueOf } from './schema.ts';

const FieldError = parameter('FieldError', 288, { FieldNum: u16, ErrorCode: u16 }, {});
const ParameterError = parameter(
  'ParameterError',
  289,
  { ParameterType: u16, ErrorCode: u16 },
  { FieldError: optional(FieldError) },
);
export const LLRPStatus = parameter(
  'LLRPStatus',
  287,
  { StatusCode: u16, ErrorDescription: utf8v },
  { FieldError: optional(FieldError), ParameterError: optional(ParameterError) },
);
export type LLRPStatus = ValueOf<typeof LLRPStatus>;

export const STATUS = {
  M_Success: 0,
  M_ParameterError: 100,
  M_FieldError: 101,
  M_UnexpectedParameter: 102,
  M_MissingParameter: 103,
  M_DuplicateParameter: 104,
  M_OverflowParameter: 105,
  M_OverflowField: 106,
  M_UnknownParameter: 107,
  M_UnknownField: 108,
  M_UnsupportedMessage: 109,
  M_UnsupportedVersion: 110,
  M_UnsupportedParameter: 111,
  M_UnexpectedMessage: 112,
  P_ParameterError: 200,
  P_FieldError: 201,
  P_UnexpectedParameter: 202,
  P_MissingParameter: 203,
  P_DuplicateParameter: 204,
  P_OverflowParameter: 205,
  P_OverflowField: 206,
  P_UnknownParameter: 207,
  P_UnknownField: 208,
  P_UnsupportedParameter: 209,
  A_Invalid: 300,
  A_OutOfRange: 301,
  R_DeviceError: 401,
} as const;

const NAMES = new Map<number, string>(Object.entries(STATUS).map(([name, code]) => [code, name]));

export function isSuccess(status: LLRPStatus): boolean {
  return status.StatusCode === STATUS.M_Success;
}

/** One line for people: `M_FieldError (101): ROSpec 1 already exists [field 0: P_FieldError (201)]`. */
export function describeStatus(status: LLRPStatus): string {
  const parts = [nameOf(status.StatusCode)];
  if (status.ErrorDescription !== '') parts.push(`: ${status.ErrorDescription}`);
  const field = status.FieldError ?? status.ParameterError?.FieldError;
  if (status.ParameterError) {
    parts.push(
      ` [parameter ${status.ParameterError.ParameterType}: ${nameOf(status.ParameterError.ErrorCode)}]`,
    );
  }
  if (field) parts.push(` [field ${field.FieldNum}: ${nameOf(field.ErrorCode)}]`);
  return parts.join('');
}

function nameOf(code: number): string {
  return `${NAMES.get(code) ?? 'unknown status'} (${code})`;
}
