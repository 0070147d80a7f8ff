/**
 * Parameters and message bodies as data: a list of fields, then sub-parameters (LLRP 1.1 §17.2). From one
 * definition come the TypeScript type, the encoder and the decoder.
 * TLV parameters carry their own length; TV parameters (type below 128) do not. Sub-parameters are accepted in
 * any order. What a definition does not name (Custom parameters, later versions, repeated singletons) is kept
 * raw in `extras` and encoded again behind the rest. Nesting is as deep as the definitions, never deeper.
 */
import { ByteReader, ByteWriter, LlrpFormatError } from './bytes.ts';
import type { Field, ReservedField } from './fields.ts';

/** Parameter types below this are TV: one octet of type, no length. */
const FIRST_TLV_TYPE = 128;
const MAX_TLV_BYTES = 0xffff;

/** A TLV parameter left undecoded. */
export interface RawParameter {
  readonly type: number;
  readonly body: Uint8Array;
}

type Repeat = 'one' | 'optional' | 'many';

interface SingleChild {
  readonly parameter: Parameter;
  readonly repeat: Repeat;
}

/** Any number of parameters of several kinds, whose order counts. */
interface ChoiceChild {
  readonly choice: Readonly<Record<string, Parameter>>;
  readonly repeat: 'choice';
}

type Child = SingleChild | ChoiceChild;

export interface Shape {
  readonly fields: Readonly<Record<string, Field<unknown>>>;
  readonly children: Readonly<Record<string, Child>>;
}

export interface Parameter<V = unknown> {
  readonly name: string;
  readonly type: number;
  readonly shape: Shape;
  /** Carries the value type only. */
  valueType?(value: V): V;
}

type FieldValues<F> = {
  -readonly [K in keyof F as F[K] extends ReservedField ? never : K]: F[K] extends Field<infer T> ? T : never;
};
type ValueOfChild<C> = C extends { readonly parameter: Parameter<infer V> } ? V : never;
type KeysOf<C, R extends Repeat | 'choice'> = {
  [K in keyof C]: C[K] extends { readonly repeat: R } ? K : never;
}[keyof C];
type ChildValues<C> = { [K in KeysOf<C, 'one'>]: ValueOfChild<C[K]> } & {
  [K in KeysOf<C, 'optional'>]?: ValueOfChild<C[K]>;
} & { [K in KeysOf<C, 'many'>]?: readonly ValueOfChild<C[K]>[] } & {
  [K in KeysOf<C, 'choice'>]?: readonly ChosenOf<C[K]>[];
};
type ChosenOf<C> = C extends { readonly choice: infer P }
  ? { [N in keyof P]: Chosen<N, P[N]> }[keyof P]
  : never;
type Chosen<N, P> = P extends Parameter<infer V> ? { readonly kind: N } & V : never;
type Flat<T> = { [K in keyof T]: T[K] };

/** What a definition's value looks like: fields, required, optional and repeated sub-parameters, raw extras. */
export type ShapeValue<F, C> = Flat<FieldValues<F> & ChildValues<C> & { extras?: readonly RawParameter[] }>;
export type ValueOf<P> = P extends Parameter<infer V> ? V : never;

export function one<P>(parameter: P): { readonly parameter: P; readonly repeat: 'one' } {
  return { parameter, repeat: 'one' };
}

export function optional<P>(parameter: P): { readonly parameter: P; readonly repeat: 'optional' } {
  return { parameter, repeat: 'optional' };
}

export function many<P>(parameter: P): { readonly parameter: P; readonly repeat: 'many' } {
  return { parameter, repeat: 'many' };
}

/** Items carry the name of their parameter as `kind`. */
export function choice<const P>(parameters: P): { readonly choice: P; readonly repeat: 'choice' } {
  return { choice: parameters, repeat: 'choice' };
}

export function parameter<const F extends Shape['fields'], const C extends Shape['children']>(
  name: string,
  type: number,
  fields: F,
  children: C,
): Parameter<ShapeValue<F, C>> {
  return { name, type, shape: { fields, children } };
}

function encodeParameter<V>(to: ByteWriter, definition: Parameter<V>, value: V): void {
  if (definition.type < FIRST_TLV_TYPE) {
    to.u8(0x80 | definition.type);
    encodeShape(to, definition.shape, value);
    return;
  }
  writeTlv(to, definition.type, () => encodeShape(to, definition.shape, value));
}

/** A TLV parameter on its own, for a place that keeps parameters raw. */
export function toRaw<V>(definition: Parameter<V>, value: V): RawParameter {
  const to = new ByteWriter();
  encodeShape(to, definition.shape, value);
  return { type: definition.type, body: to.finish() };
}

/** Undefined when it is another parameter; throws LlrpFormatError when the bytes contradict the definition. */
export function fromRaw<V>(definition: Parameter<V>, raw: RawParameter): V | undefined {
  if (raw.type !== definition.type) return undefined;
  return decodeShape(new ByteReader(raw.body), definition.shape) as V;
}

export function encodeRaw(to: ByteWriter, raw: RawParameter): void {
  writeTlv(to, raw.type, () => to.put(raw.body));
}

export function encodeShape(to: ByteWriter, shape: Shape, value: unknown): void {
  const values = value as Readonly<Record<string, unknown>>;
  for (const [name, field] of Object.entries(shape.fields)) field.write(to, values[name]);
  for (const [name, child] of Object.entries(shape.children)) {
    const present = values[name];
    if (present === undefined) continue;
    if (child.repeat === 'choice') {
      for (const item of present as readonly { kind: string }[]) {
        const chosen = child.choice[item.kind];
        if (chosen === undefined) throw new RangeError(`${name} cannot be ${item.kind}`);
        encodeParameter(to, chosen, item);
      }
      continue;
    }
    const repeated = child.repeat === 'many' ? (present as readonly unknown[]) : [present];
    for (const item of repeated) encodeParameter(to, child.parameter, item);
  }
  for (const raw of (values.extras as readonly RawParameter[] | undefined) ?? []) encodeRaw(to, raw);
}

export function decodeShape(from: ByteReader, shape: Shape): unknown {
  const values: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(shape.fields)) {
    const value = field.read(from);
    if (field.kind !== 'reserved') values[name] = value;
  }
  const extras: RawParameter[] = [];
  while (from.remaining > 0) decodeChild(from, shape, values, extras);
  if (extras.length > 0) values.extras = extras;
  for (const [name, child] of Object.entries(shape.children)) {
    if (child.repeat === 'one' && !(name in values)) throw new LlrpFormatError(`${name} is missing`);
  }
  return values;
}

function decodeChild(
  from: ByteReader,
  shape: Shape,
  values: Record<string, unknown>,
  extras: RawParameter[],
): void {
  const first = from.u8();
  if (first >= 0x80) {
    decodeTvChild(from, first & 0x7f, shape, values);
    return;
  }
  const type = ((first << 8) | from.u8()) & 0x3ff;
  const length = from.u16();
  const end = from.offset - 4 + length;
  if (length < 4 || end > from.end) throw new LlrpFormatError(`parameter ${type} claims ${length} bytes`);
  const inner = new ByteReader(from.bytes, from.offset, end);
  const found = childOfType(shape, type, values);
  if (found) store(values, found, decodeShape(inner, found.parameter.shape) as object);
  else extras.push({ type, body: inner.take(inner.remaining) });
  from.offset = end;
}

function decodeTvChild(from: ByteReader, type: number, shape: Shape, values: Record<string, unknown>): void {
  const found = childOfType(shape, type, values);
  if (!found) throw new LlrpFormatError(`TV parameter ${type} is unknown here and has no length`);
  const fields: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(found.parameter.shape.fields)) {
    fields[name] = field.read(from);
  }
  store(values, found, fields);
}

interface FoundChild {
  readonly name: string;
  readonly parameter: Parameter;
  readonly repeats: boolean;
  /** Name within a choice. */
  readonly kind?: string;
}

/** The place for a parameter of this type, unless it is taken. */
function childOfType(
  shape: Shape,
  type: number,
  values: Readonly<Record<string, unknown>>,
): FoundChild | undefined {
  for (const [name, child] of Object.entries(shape.children)) {
    if (child.repeat === 'choice') {
      const chosen = Object.entries(child.choice).find(([, parameter]) => parameter.type === type);
      if (chosen) return { name, parameter: chosen[1], repeats: true, kind: chosen[0] };
      continue;
    }
    const repeats = child.repeat === 'many';
    const free = repeats || !(name in values);
    if (child.parameter.type === type && free) return { name, parameter: child.parameter, repeats };
  }
  return undefined;
}

function store(values: Record<string, unknown>, found: FoundChild, decoded: object): void {
  const value = found.kind === undefined ? decoded : { kind: found.kind, ...decoded };
  if (!found.repeats) {
    values[found.name] = value;
    return;
  }
  const list = values[found.name];
  if (Array.isArray(list)) list.push(value);
  else values[found.name] = [value];
}

function writeTlv(to: ByteWriter, type: number, writeBody: () => void): void {
  const start = to.length;
  to.u16(type);
  to.u16(0);
  writeBody();
  const length = to.length - start;
  if (length > MAX_TLV_BYTES) throw new RangeError(`parameter ${type} would take ${length} bytes`);
  to.setU16(start + 2, length);
}
