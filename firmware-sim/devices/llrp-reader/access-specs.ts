/**
 * The AccessSpecs of a simulated reader and their life (LLRP 1.1 §12): disabled ↔ active, gone when deleted or when
 * their operation count is reached. While an ROSpec runs, the first active one that fits a tag is carried out on it,
 * operation after operation up to the first that fails.
 */
import {
  ACCESS_STOP_TRIGGER,
  type AccessSpec,
  type C1G2TargetTag,
} from '../../../protocol/wire/llrp/access.ts';
import { C1G2_AIR_PROTOCOL } from '../../../protocol/wire/llrp/rospec.ts';
import type { RawParameter } from '../../../protocol/wire/llrp/schema.ts';
import { STATUS } from '../../../protocol/wire/llrp/status.ts';
import { operate } from './operations.ts';
import { type LlrpRefusal, refusal } from './refusal.ts';
import type { TagMemory } from './tag-memory.ts';

export const MAX_ACCESS_SPECS = 32;
export const MAX_OP_SPECS = 8;
/** Patterns of one C1G2TagSpec. */
const MAX_TARGETS = 2;

interface AccessSpecEntry {
  readonly spec: AccessSpec;
  isActive: boolean;
  executions: number;
}

export interface TagAccess {
  readonly spec: AccessSpec;
  readonly results: readonly RawParameter[];
}

export class AccessSpecs {
  readonly #entries = new Map<number, AccessSpecEntry>();
  readonly #antennas: number;

  constructor(antennas: number) {
    this.#antennas = antennas;
  }

  get specs(): AccessSpec[] {
    return [...this.#entries.values()].map(({ spec, isActive }) => ({ ...spec, CurrentState: isActive }));
  }

  get isAnyActive(): boolean {
    return [...this.#entries.values()].some(({ isActive }) => isActive);
  }

  add(spec: AccessSpec): LlrpRefusal | undefined {
    const id = spec.AccessSpecID;
    if (id === 0) return refusal(STATUS.M_FieldError, 'AccessSpec id 0 means all and cannot be added');
    if (this.#entries.has(id)) return refusal(STATUS.M_FieldError, `AccessSpec ${id} already exists`);
    if (this.#entries.size >= MAX_ACCESS_SPECS)
      return refusal(STATUS.M_OverflowParameter, 'too many AccessSpecs');
    const refused = refusalOfSpec(spec, this.#antennas);
    if (refused === undefined) this.#entries.set(id, { spec, isActive: false, executions: 0 });
    return refused;
  }

  /** Id 0 means all. */
  delete(id: number): LlrpRefusal | undefined {
    if (id === 0) this.#entries.clear();
    else if (!this.#entries.delete(id)) return missing(id);
    return undefined;
  }

  /** Id 0 means all. */
  setActive(id: number, isActive: boolean): LlrpRefusal | undefined {
    const entry = this.#entries.get(id);
    if (id !== 0 && entry === undefined) return missing(id);
    for (const each of entry === undefined ? this.#entries.values() : [entry]) each.isActive = isActive;
    return undefined;
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Carries out the first AccessSpec that fits this tag, where there is one. */
  access(roSpecId: number, antenna: number, memory: TagMemory): TagAccess | undefined {
    for (const entry of this.#entries.values()) {
      const { spec } = entry;
      const fits =
        entry.isActive &&
        (spec.AntennaID === 0 || spec.AntennaID === antenna) &&
        (spec.ROSpecID === 0 || spec.ROSpecID === roSpecId) &&
        (spec.AccessCommand.C1G2TagSpec.C1G2TargetTag ?? []).every((target) => isTarget(target, memory));
      if (fits) return this.#carryOut(entry, memory);
    }
    return undefined;
  }

  #carryOut(entry: AccessSpecEntry, memory: TagMemory): TagAccess {
    const { spec } = entry;
    const results: RawParameter[] = [];
    for (const op of spec.AccessCommand.OpSpec ?? []) {
      const { succeeded, result } = operate(op, memory);
      results.push(result);
      if (!succeeded) break;
    }
    entry.executions++;
    const { AccessSpecStopTrigger: stop, OperationCountValue: limit } = spec.AccessSpecStopTrigger;
    const isDone = stop === ACCESS_STOP_TRIGGER.OperationCount && entry.executions >= Math.max(1, limit);
    if (isDone) this.#entries.delete(spec.AccessSpecID);
    return { spec, results };
  }
}

/** Match true: the tag carries the data where the mask has ones; false: it does not. */
function isTarget({ MB, Match, Pointer, TagMask, TagData }: C1G2TargetTag, memory: TagMemory): boolean {
  const bits = memory.bits(MB, Pointer, TagMask.length);
  if (bits === undefined) return !Match;
  const isEqual = [...TagMask].every((mask, at) => mask === '0' || bits[at] === (TagData[at] ?? '0'));
  return isEqual === Match;
}

function refusalOfSpec(spec: AccessSpec, antennas: number): LlrpRefusal | undefined {
  const { AccessSpecID: id, AntennaID, AccessCommand } = spec;
  const operations = AccessCommand.OpSpec ?? [];
  const targets = AccessCommand.C1G2TagSpec.C1G2TargetTag ?? [];
  const ids = new Set(operations.map(({ OpSpecID }) => OpSpecID));
  if (AntennaID > antennas) return refusal(STATUS.A_OutOfRange, `there is no antenna ${AntennaID}`);
  if (spec.ProtocolID !== C1G2_AIR_PROTOCOL)
    return refusal(STATUS.M_FieldError, `air protocol ${spec.ProtocolID} is not supported`);
  if (AccessCommand.extras !== undefined)
    return refusal(STATUS.M_UnsupportedParameter, `AccessSpec ${id} has an OpSpec that is not supported`);
  if (operations.length === 0) return refusal(STATUS.M_MissingParameter, `AccessSpec ${id} has no OpSpec`);
  if (operations.length > MAX_OP_SPECS)
    return refusal(STATUS.M_OverflowParameter, `AccessSpec ${id} has more than ${MAX_OP_SPECS} OpSpecs`);
  if (ids.size < operations.length)
    return refusal(STATUS.M_FieldError, `AccessSpec ${id} has two OpSpecs of one id`);
  if (targets.length === 0) return refusal(STATUS.M_MissingParameter, `AccessSpec ${id} has no target`);
  if (targets.length > MAX_TARGETS)
    return refusal(STATUS.M_OverflowParameter, `AccessSpec ${id} has more than ${MAX_TARGETS} targets`);
  const stop = spec.AccessSpecStopTrigger.AccessSpecStopTrigger;
  if (stop > ACCESS_STOP_TRIGGER.OperationCount)
    return refusal(STATUS.M_FieldError, `AccessSpec stop trigger ${stop} does not exist`);
  return undefined;
}

function missing(id: number): LlrpRefusal {
  return refusal(STATUS.M_FieldError, `AccessSpec ${id} does not exist`);
}
