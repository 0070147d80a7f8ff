/** Where the times of an event stand, found by walking its schema: what is marked there cannot escape. Pure. */
import * as z from 'zod';
import { NUMBER_MEANINGS, type NumberMeaning } from './fields.ts';

/** A time itself, or what stands under each element or under named fields. */
export type TimeTree =
  | 'time'
  | 'clock-reading'
  | { readonly each: TimeTree }
  | { readonly fields: readonly (readonly [name: string, tree: TimeTree])[] };

/**
 * Undefined when there is no time in it.
 * @throws for a number without a meaning, and for a schema whose inside is not seen from here.
 */
export function timeTreeOf(schema: z.core.$ZodType, path = 'event'): TimeTree | undefined {
  if (schema instanceof z.ZodOptional) return timeTreeOf(schema.unwrap(), path);
  if (schema instanceof z.ZodArray) {
    const each = timeTreeOf(schema.element, `${path}[]`);
    return each === undefined ? undefined : { each };
  }
  if (schema instanceof z.ZodObject) {
    const fields = Object.entries(schema.shape).flatMap(([name, field]) => {
      const tree = timeTreeOf(field, `${path}.${name}`);
      return tree === undefined ? [] : [[name, tree] as const];
    });
    return fields.length === 0 ? undefined : { fields };
  }
  if (schema instanceof z.ZodNumber) {
    const meaning = NUMBER_MEANINGS.get(schema)?.number;
    if (meaning === undefined) throw new Error(`${path} is a number that does not say what it means`);
    return isTime(meaning) ? meaning : undefined;
  }
  if (TIMELESS.some((type) => schema instanceof type)) return undefined;
  throw new Error(`${path}: whether a ${schema._zod.def.type} holds times is not known here`);
}

const TIMELESS = [z.ZodString, z.ZodBoolean, z.ZodEnum, z.ZodLiteral] as const;

function isTime(meaning: NumberMeaning): meaning is 'time' | 'clock-reading' {
  return meaning === 'time' || meaning === 'clock-reading';
}

/** The same value with its times put through `move`; readings of clocks stay. The value must fit the tree's schema. */
export function mapTree(tree: TimeTree, value: unknown, move: (time: number) => number): unknown {
  if (tree === 'clock-reading' || value === undefined) return value;
  if (tree === 'time') return move(value as number);
  if ('each' in tree) return (value as unknown[]).map((element) => mapTree(tree.each, element, move));
  const moved = { ...(value as Record<string, unknown>) };
  for (const [name, field] of tree.fields) {
    if (moved[name] !== undefined) moved[name] = mapTree(field, moved[name], move);
  }
  return moved;
}

/** Visits all times, those that stay too, until `visit` says true; whether it did. */
export function someTime(tree: TimeTree, value: unknown, visit: (time: number) => boolean): boolean {
  if (value === undefined) return false;
  if (typeof tree === 'string') return visit(value as number);
  if ('each' in tree) return (value as unknown[]).some((element) => someTime(tree.each, element, visit));
  return tree.fields.some(([name, field]) =>
    someTime(field, (value as Record<string, unknown>)[name], visit),
  );
}
