/** What the protocol knows about one kind of event, in one record; `kinds/` has one file for each. */
import * as z from 'zod';
import type { Lane } from './lanes.ts';
import { type TimeTree, timeTreeOf } from './time-tree.ts';

/** Unknown fields are kept on the way: a newer gateway may say more. */
type EventSchema<Type extends string, Fields extends z.ZodRawShape> = z.ZodObject<
  { type: z.ZodLiteral<Type> } & Fields,
  z.core.$loose
>;

interface Definition<Type extends string, Fields extends z.ZodRawShape> {
  readonly type: Type;
  readonly lane: Lane;
  /** For docs/reference.md: what it says when it comes. */
  readonly meaning: string;
  /** Without `type`; each with a `describe` of one line. */
  readonly fields: Fields;
  /** A whole one, as it stands on the wire. */
  readonly example: z.output<EventSchema<Type, Fields>>;
  /** It must not linger at the gateway although its lane is patient. */
  readonly isUrgent?: (event: z.output<EventSchema<Type, Fields>>) => boolean;
  /** Names made of times move with them: what `after`, with its times moved, is called where it was `before`. */
  readonly rename?: (
    before: z.output<EventSchema<Type, Fields>>,
    after: z.output<EventSchema<Type, Fields>>,
  ) => z.output<EventSchema<Type, Fields>>;
}

interface EventKind<Type extends string, Fields extends z.ZodRawShape> extends Definition<Type, Fields> {
  readonly schema: EventSchema<Type, Fields>;
  readonly times: TimeTree;
}

/** @throws when a field is a number without a meaning (fields.ts), or there is no time in it. */
export function defineEventKind<Type extends string, Fields extends z.ZodRawShape>(
  definition: Definition<Type, Fields>,
): EventKind<Type, Fields> {
  const { type, fields } = definition;
  const schema: EventSchema<Type, Fields> = z.looseObject({ type: z.literal(type), ...fields });
  const times = timeTreeOf(schema, type);
  if (times === undefined) throw new Error(`${type} says no time`);
  return { ...definition, schema, times };
}
