/**
 * Device shadow documents: merging, metadata and delta, as the AWS IoT developer guide describes them ("Device
 * Shadow service documents"). PURE. In an update an absent key stays, `null` removes, objects merge, arrays replace.
 * The delta holds each value of `desired` that `reported` lacks or has otherwise; keys only in `reported` never show.
 */
export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

interface ShadowState {
  readonly desired?: JsonObject;
  readonly reported?: JsonObject;
}

/** Same shape as the state, each leaf replaced by when it was set, seconds since the epoch. */
interface ShadowMetadata {
  readonly desired?: JsonObject;
  readonly reported?: JsonObject;
}

export interface ShadowDocument {
  readonly state: ShadowState;
  readonly metadata: ShadowMetadata;
  readonly version: number;
  /** Seconds since the epoch. */
  readonly timestamp: number;
}

/** What an update asks for; `null` clears a whole section. */
export interface ShadowUpdate {
  readonly desired?: JsonObject | null;
  readonly reported?: JsonObject | null;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The document after an update, one version on. */
export function applyUpdate(
  before: ShadowDocument | undefined,
  update: ShadowUpdate,
  now: { version: number; seconds: number },
): ShadowDocument {
  const state: { desired?: JsonObject; reported?: JsonObject } = { ...before?.state };
  const metadata: { desired?: JsonObject; reported?: JsonObject } = { ...before?.metadata };
  for (const section of ['desired', 'reported'] as const) {
    const change = update[section];
    if (change === undefined) continue;
    const value = change === null ? {} : merge(state[section] ?? {}, change);
    if (Object.keys(value).length === 0) {
      delete state[section];
      delete metadata[section];
    } else {
      state[section] = value;
      metadata[section] = stamp(value, change ?? {}, metadata[section] ?? {}, now.seconds);
    }
  }
  return { state, metadata, version: now.version, timestamp: now.seconds };
}

/** What of `desired` differs from `reported`; undefined when nothing does. */
export function deltaOf({ desired, reported }: ShadowState): JsonObject | undefined {
  return desired === undefined ? undefined : difference(desired, reported ?? {});
}

/** The part of `metadata` (of `desired`) that belongs to a delta. */
export function metadataOf(part: JsonObject, metadata: JsonObject): JsonObject {
  const picked: JsonObject = {};
  for (const [key, value] of Object.entries(part)) {
    const entry = own(metadata, key);
    if (entry === undefined) continue;
    put(picked, key, isObject(value) && isObject(entry) ? metadataOf(value, entry) : entry);
  }
  return picked;
}

/** Levels of nested objects and arrays: 0 for a scalar, 1 for a flat object. */
export function depthOf(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0;
  let deepest = 0;
  for (const child of Object.values(value)) deepest = Math.max(deepest, depthOf(child));
  return deepest + 1;
}

function merge(base: JsonObject, change: JsonObject): JsonObject {
  const merged: JsonObject = { ...base };
  for (const [key, value] of Object.entries(change)) {
    const old = own(merged, key);
    if (value === null) delete merged[key];
    else if (isObject(value)) {
      const inner = merge(isObject(old) ? old : {}, value);
      if (Object.keys(inner).length === 0) delete merged[key];
      else put(merged, key, inner);
    } else put(merged, key, value);
  }
  return merged;
}

/** Times for every leaf of `value`: new where `change` set it, as before elsewhere. */
function stamp(value: JsonObject, change: JsonObject, before: JsonObject, seconds: number): JsonObject {
  const times: JsonObject = {};
  for (const [key, child] of Object.entries(value)) {
    const changed = own(change, key);
    const old = own(before, key);
    if (isObject(child)) {
      const inner = isObject(changed) ? changed : {};
      put(times, key, stamp(child, inner, isObject(old) ? old : {}, seconds));
    } else if (changed === undefined) put(times, key, old ?? { timestamp: seconds });
    else put(times, key, stampLeaf(child, seconds));
  }
  return times;
}

function stampLeaf(value: Json, seconds: number): Json {
  return Array.isArray(value) ? value.map((item) => stampLeaf(item, seconds)) : { timestamp: seconds };
}

function difference(desired: JsonObject, reported: JsonObject): JsonObject | undefined {
  const different: JsonObject = {};
  for (const [key, want] of Object.entries(desired)) {
    const have = own(reported, key);
    if (isObject(want) && isObject(have)) {
      const inner = difference(want, have);
      if (inner !== undefined) put(different, key, inner);
    } else if (!equal(want, have)) put(different, key, want);
  }
  return Object.keys(different).length === 0 ? undefined : different;
}

function equal(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => equal(item, b[index]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => equal(a[key], own(b, key)));
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Keys come from the wire: `__proto__` must stay a key. */
function put(object: JsonObject, key: string, value: Json): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
