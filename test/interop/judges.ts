/** Every outside judge there is. A new kind is a folder beside this file and a line here. */
import type { InteropJudge } from './judge.ts';
import { LLRP_JUDGES } from './llrp/judges.ts';

export const JUDGES: readonly InteropJudge[] = [...LLRP_JUDGES];
