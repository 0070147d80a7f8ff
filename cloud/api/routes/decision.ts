/** What a person's decision carries: who, and a reason where the law or a colleague will ask for one. */
import type { FastifyRequest } from 'fastify';
import * as z from 'zod';
import { ProblemError } from '../http/problems.ts';

const reason = z.string().trim().max(2000);

/** For decisions that explain themselves. */
export const noteSchema = z.object({ reason: reason.default('') }).nullish();
/** For decisions that somebody must be able to justify later. */
export const reasonSchema = z.object({ reason: reason.min(1) });

export function actorOf(request: FastifyRequest): string {
  if (request.user === null) throw new ProblemError('unauthenticated', 'a decision needs a name');
  return request.user.name;
}
