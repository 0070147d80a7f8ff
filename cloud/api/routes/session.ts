/** Signing in for the page: a token for a cookie. */
import * as z from 'zod';
import { roleSchema } from '../../contract/roles.ts';
import { MAX_TOKEN_LENGTH } from '../../enrolment/tokens.ts';
import { createSessions, sessionCookie } from '../access/sessions.ts';
import { findUserByToken } from '../access/users.ts';
import { type Api, type ApiContext, answers } from '../http/api.ts';
import { ProblemError } from '../http/problems.ts';

/** Tries per minute and address: a token cannot be guessed, but each try costs a query. */
const TRIES_PER_MINUTE = 20;

const userSchema = z.object({ name: z.string(), role: roleSchema });

export function sessionRoutes(app: Api, { db, clock, sessionKey }: ApiContext): void {
  const sessions = createSessions(sessionKey);

  app.post(
    '/session',
    {
      config: { access: 'public', rateLimit: { max: TRIES_PER_MINUTE, timeWindow: 60_000 } },
      schema: {
        summary: 'Sign in with a token; sets the session cookie',
        tags: ['session'],
        body: z.object({ token: z.string().min(1).max(MAX_TOKEN_LENGTH) }),
        response: answers(200, userSchema),
      },
    },
    async (request, reply) => {
      const user = await findUserByToken(db, request.body.token);
      if (!user) throw new ProblemError('wrong_token', 'this token opens nothing');
      reply.header(
        'set-cookie',
        sessionCookie(sessions.open(user.name, clock.now()), request.protocol === 'https'),
      );
      return user;
    },
  );

  app.get(
    '/session',
    {
      config: { access: 'viewer' },
      schema: { summary: 'Who you are', tags: ['session'], response: answers(200, userSchema) },
    },
    async (request) => {
      if (request.user === null) throw new ProblemError('unauthenticated', 'nobody is signed in');
      return request.user;
    },
  );

  app.delete(
    '/session',
    {
      config: { access: 'public' },
      schema: { summary: 'Sign out', tags: ['session'], response: answers(204, z.undefined()) },
    },
    async (request, reply) => {
      reply.header('set-cookie', sessionCookie('', request.protocol === 'https'));
      reply.code(204);
    },
  );
}
