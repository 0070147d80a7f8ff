/** Rooms, samples, exceptions and holds, and what people decide about them. */

import * as z from 'zod';
import { USUAL_METRIC } from '../../../protocol/events/metrics.ts';
import { exceptionSchema } from '../../contract/exceptions.ts';
import { holdSchema } from '../../contract/holds.ts';
import { listOf, paged, pageQuery, whole } from '../../contract/lists.ts';
import { roomSchema, samplesSchema } from '../../contract/rooms.ts';
import type { RefusalReason } from '../../ledger/decision.ts';
import { type Api, type ApiContext, answers } from '../http/api.ts';
import type { Decision } from '../http/ledger.ts';
import { type ProblemCode, ProblemError } from '../http/problems.ts';
import { actorOf, noteSchema, reasonSchema } from './decision.ts';

const word = z.string().min(1).max(200);
const idParams = z.object({ id: word });
const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const DAY_MS = 86_400_000;
/** A longer stretch is asked for in parts. */
const LONGEST_SAMPLES_MS = 31 * DAY_MS;

export function coldChainRoutes(app: Api, { ledger, clock }: ApiContext): void {
  app.get(
    '/rooms',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'Places with probes or contacts: newest values, limits, what stands there',
        tags: ['cold chain'],
        response: answers(200, listOf(roomSchema)),
      },
    },
    async () => whole(await ledger.rooms()),
  );

  app.get(
    '/samples',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'The samples of one probe, oldest first; the last day unless asked otherwise',
        tags: ['cold chain'],
        querystring: z.object({
          readPoint: word,
          metric: word.default(USUAL_METRIC),
          from: z.iso.datetime({ offset: true }).optional(),
          to: z.iso.datetime({ offset: true }).optional(),
        }),
        response: answers(200, samplesSchema),
      },
    },
    async (request) => {
      const { readPoint, metric } = request.query;
      const to = request.query.to === undefined ? clock.now() : time.parse(request.query.to);
      const from = request.query.from === undefined ? to - DAY_MS : time.parse(request.query.from);
      if (from > to) throw new ProblemError('invalid_request', 'from is later than to');
      if (to - from > LONGEST_SAMPLES_MS) {
        throw new ProblemError('invalid_request', 'from and to are more than 31 days apart');
      }
      return await ledger.samples({ readPoint, metric, from, to });
    },
  );

  app.get(
    '/exceptions',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'What somebody must look at, newest first',
        tags: ['exceptions'],
        querystring: z.object({
          status: z.enum(['raised', 'acknowledged', 'resolved', 'withdrawn']).optional(),
          kind: word.optional(),
          location: word.optional(),
          ...pageQuery,
        }),
        response: answers(200, listOf(exceptionSchema)),
      },
    },
    async (request) => {
      const { limit, after, ...filter } = request.query;
      return await paged({ limit, after }, (page) => ledger.exceptions(filter, page));
    },
  );

  app.post(
    '/exceptions/:id/acknowledge',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Say that you have seen an exception and take care of it',
        tags: ['exceptions'],
        params: idParams,
        body: noteSchema,
        response: answers(200, exceptionSchema),
      },
    },
    async (request) => {
      const { id } = request.params;
      return decided(id, await ledger.acknowledge(id, actorOf(request), request.body?.reason ?? ''));
    },
  );

  app.post(
    '/exceptions/:id/resolve',
    {
      config: { access: 'quality' },
      schema: {
        summary: 'Decide an exception, with the reason',
        tags: ['exceptions'],
        params: idParams,
        body: reasonSchema,
        response: answers(200, exceptionSchema),
      },
    },
    async (request) => {
      const { id } = request.params;
      return decided(id, await ledger.resolve(id, actorOf(request), request.body.reason));
    },
  );

  app.get(
    '/holds',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'What may not move, and because of which exception',
        tags: ['exceptions'],
        querystring: z.object({
          exceptionId: word.optional(),
          epc: word.optional(),
          status: z.enum(['active', 'released', 'withdrawn']).optional(),
          ...pageQuery,
        }),
        response: answers(200, listOf(holdSchema)),
      },
    },
    async (request) => {
      const { limit, after, ...filter } = request.query;
      return await paged({ limit, after }, (page) => ledger.holds(filter, page));
    },
  );

  app.post(
    '/holds/release',
    {
      config: { access: 'quality' },
      schema: {
        summary:
          'Release stock from the hold of one exception, with the reason; all of it unless epcs are given',
        tags: ['exceptions'],
        body: reasonSchema.extend({ exceptionId: word, epcs: z.array(word).min(1).max(10_000).optional() }),
        response: answers(200, z.object({ released: z.int() })),
      },
    },
    async (request) => {
      const { exceptionId, epcs, reason } = request.body;
      return decided(exceptionId, await ledger.releaseHolds({ exceptionId, epcs }, actorOf(request), reason));
    },
  );
}

function decided<T>(id: string, decision: Decision<T>): T {
  if (decision.ok) return decision.value;
  const [code, detail] = WHY_NOT[decision.reason];
  throw new ProblemError(code, `exception ${id} ${detail}`);
}

const WHY_NOT: Record<RefusalReason, [ProblemCode, string]> = {
  'not-found': ['exception_not_found', 'is not known'],
  'decided-already': ['decided_already', 'no longer stands as you saw it'],
  'still-active': ['still_active', 'still stands'],
  withdrawn: ['exception_withdrawn', 'was withdrawn'],
  'nothing-held': ['hold_not_found', 'holds nothing of that'],
  'reason-missing': ['invalid_request', 'cannot be decided without a reason'],
};
