/** Why a simulated reader does not do what it is asked to: an LLRPStatus in the making. */
import { type LLRPStatus, STATUS } from '../../../protocol/wire/llrp/status.ts';

export interface LlrpRefusal {
  readonly code: number;
  readonly text: string;
}

export function refusal(code: number, text: string): LlrpRefusal {
  return { code, text };
}

/** Success when nothing was refused. */
export function statusOf(refused: LlrpRefusal | undefined): LLRPStatus {
  return refused === undefined
    ? { StatusCode: STATUS.M_Success, ErrorDescription: '' }
    : { StatusCode: refused.code, ErrorDescription: refused.text };
}
