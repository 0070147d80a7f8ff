/** What every route module is given, and the one way routes are described: access, answer, problems. */
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Kysely } from 'kysely';
import type * as z from 'zod';
import type { Clock } from '../../../protocol/ports/clock.ts';
import { problemSchema } from '../../contract/problem.ts';
import type { Access, User } from '../../contract/roles.ts';
import type { Status } from '../../contract/status.ts';
import type { NewToken } from '../../enrolment/tokens.ts';
import type { Tables } from '../../store/tables.ts';
import type { Ledger } from './ledger.ts';
import type { LiveBus } from './live.ts';

export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

export interface ApiContext {
  readonly db: Kysely<Tables>;
  readonly ledger: Ledger;
  readonly live: LiveBus;
  readonly clock: Clock;
  readonly newToken: NewToken;
  /** Signs the session cookies; 32 random bytes. */
  readonly sessionKey: Buffer;
  readonly status: () => Status;
  /** A gateway may no longer deliver: end its connection where that is in our hands. */
  readonly onGatewayRevoked: (gateway: string) => void;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route. A route without it does not start. */
    access?: Access;
  }
  interface FastifyRequest {
    /** Who asks; null on public routes when nobody is signed in. */
    user: User | null;
  }
}

/** The media type of RFC 9457. */
export const PROBLEM_JSON = 'application/problem+json';

/** The answers of a route for the document and the serializer: one good shape, and a problem for all else. */
export function answers<S extends number, T extends z.ZodType>(status: S, schema: T) {
  const good = { [status]: schema } as { [K in S]: T };
  return {
    ...good,
    default: { description: 'A problem', content: { [PROBLEM_JSON]: { schema: problemSchema } } },
  };
}
