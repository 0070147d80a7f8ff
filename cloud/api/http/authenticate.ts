/**
 * Who asks, and whether the route lets them: a bearer token, or the session cookie of the page. Every route says
 * what it asks for; one that says nothing stops the start. A cookie is believed only from our own pages.
 */
import type { FastifyRequest } from 'fastify';
import type { User } from '../../contract/roles.ts';
import { type Access, mayDo } from '../../contract/roles.ts';
import { createSessions, readSessionCookie } from '../access/sessions.ts';
import { findUserByName, findUserByToken } from '../access/users.ts';
import type { Api, ApiContext } from './api.ts';
import { ProblemError } from './problems.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

export function authenticate(app: Api, context: Pick<ApiContext, 'db' | 'clock' | 'sessionKey'>): void {
  const sessions = createSessions(context.sessionKey);

  async function findUser(request: FastifyRequest): Promise<User | undefined> {
    const [scheme, token] = (request.headers.authorization ?? '').split(' ');
    if (token !== undefined && scheme?.toLowerCase() === 'bearer') {
      const user = await findUserByToken(context.db, token);
      if (!user) throw new ProblemError('wrong_token', 'the bearer token opens nothing');
      return user;
    }
    const cookie = readSessionCookie(request.headers.cookie);
    const name = cookie && sessions.read(cookie, context.clock.now());
    if (!name) return undefined;
    if (!SAFE_METHODS.has(request.method)) refuseOtherSites(request);
    return await findUserByName(context.db, name);
  }

  app.decorateRequest('user', null);
  app.addHook('onRoute', (route) => {
    if (route.config?.access === undefined) {
      throw new Error(`the route ${String(route.method)} ${route.url} does not say who may call it`);
    }
  });
  app.addHook('onRequest', async (request) => {
    const needed: Access = request.routeOptions.config.access ?? 'admin';
    if (request.is404 || needed === 'public') return;
    const user = await findUser(request);
    if (!user) throw new ProblemError('unauthenticated', 'this needs a token or a session');
    if (!mayDo(user.role, needed)) {
      throw new ProblemError('forbidden', `this needs the role ${needed}; ${user.name} is ${user.role}`);
    }
    request.user = user;
  });
}

/** Browsers say where a request comes from; SameSite=Strict is the first guard, this one needs no cookie rules. */
function refuseOtherSites(request: FastifyRequest): void {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new ProblemError('cross_site', `the browser says the request is ${String(site)}`);
  }
}
