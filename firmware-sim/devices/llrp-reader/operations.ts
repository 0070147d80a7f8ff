/**
 * One access operation on one tag (LLRP 1.1 §16.2.1.3): what it does to the tag's memory, and the result parameter
 * that says what became of it. Results use the codes that LLRP 1.0.1 and 1.1 share.
 */
import { OP_SPEC_RESULTS, type OpSpec } from '../../../protocol/wire/llrp/access.ts';
import { type RawParameter, toRaw } from '../../../protocol/wire/llrp/schema.ts';
import type { Denial, TagMemory } from './tag-memory.ts';

interface Operated {
  readonly succeeded: boolean;
  readonly result: RawParameter;
}

const SUCCESS = 0;
const READ_NONSPECIFIC_TAG_ERROR = 1;
const WRITE_OVERRUN = 1;
const WRITE_LOCKED = 2;
const WRITE_NONSPECIFIC_TAG_ERROR = 4;
const ZERO_KILL_PASSWORD = 1;
const KILL_NONSPECIFIC_TAG_ERROR = 3;
const LOCK_NONSPECIFIC_TAG_ERROR = 2;

export function operate(op: OpSpec, memory: TagMemory): Operated {
  switch (op.kind) {
    case 'C1G2Read':
      return read(op, memory);
    case 'C1G2Write':
    case 'C1G2BlockWrite': {
      const Result = write(op, op.WriteData, memory);
      const NumWordsWritten = Result === SUCCESS ? op.WriteData.length : 0;
      const { OpSpecID } = op;
      return done(Result, toRaw(OP_SPEC_RESULTS[op.kind], { Result, OpSpecID, NumWordsWritten }));
    }
    case 'C1G2BlockErase': {
      const Result = write(op, Array<number>(op.WordCount).fill(0), memory);
      return done(Result, toRaw(OP_SPEC_RESULTS[op.kind], { Result, OpSpecID: op.OpSpecID }));
    }
    case 'C1G2Kill': {
      const Result = kill(op.KillPassword, memory);
      return done(Result, toRaw(OP_SPEC_RESULTS[op.kind], { Result, OpSpecID: op.OpSpecID }));
    }
    case 'C1G2Lock': {
      const secured = isSecured(op.AccessPassword, memory);
      const locked =
        secured !== undefined &&
        (op.C1G2LockPayload ?? []).every(({ DataField, Privilege }) =>
          memory.lock(DataField, Privilege, secured),
        );
      const Result = locked ? SUCCESS : LOCK_NONSPECIFIC_TAG_ERROR;
      return done(Result, toRaw(OP_SPEC_RESULTS[op.kind], { Result, OpSpecID: op.OpSpecID }));
    }
  }
}

type Words = { readonly AccessPassword: number; readonly MB: number; readonly WordPointer: number };

function read(op: Extract<OpSpec, { kind: 'C1G2Read' }>, memory: TagMemory): Operated {
  const secured = isSecured(op.AccessPassword, memory);
  const words = secured === undefined ? 'locked' : memory.read(op.MB, op.WordPointer, op.WordCount, secured);
  const denied = typeof words === 'string';
  const Result = denied ? READ_NONSPECIFIC_TAG_ERROR : SUCCESS;
  const ReadData = denied ? [] : words;
  return done(Result, toRaw(OP_SPEC_RESULTS.C1G2Read, { Result, OpSpecID: op.OpSpecID, ReadData }));
}

function write(op: Words, data: readonly number[], memory: TagMemory): number {
  const secured = isSecured(op.AccessPassword, memory);
  if (secured === undefined) return WRITE_NONSPECIFIC_TAG_ERROR;
  const denial = memory.write(op.MB, op.WordPointer, data, secured);
  return denial === undefined ? SUCCESS : WRITE_DENIALS[denial];
}

const WRITE_DENIALS: Readonly<Record<Denial, number>> = { overrun: WRITE_OVERRUN, locked: WRITE_LOCKED };

function kill(password: number, memory: TagMemory): number {
  if (memory.killPassword === 0) return ZERO_KILL_PASSWORD;
  if (password !== memory.killPassword) return KILL_NONSPECIFIC_TAG_ERROR;
  memory.isKilled = true;
  return SUCCESS;
}

/** Whether the tag comes to its secured state; undefined when a password is wrong, and the tag falls silent. */
function isSecured(password: number, memory: TagMemory): boolean | undefined {
  if (memory.accessPassword === 0) return true;
  if (password === 0) return false;
  return password === memory.accessPassword ? true : undefined;
}

function done(result: number, parameter: RawParameter): Operated {
  return { succeeded: result === SUCCESS, result: parameter };
}
