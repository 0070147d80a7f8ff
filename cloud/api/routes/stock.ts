/** Stock, objects and their movements, passes through doors. */
import * as z from 'zod';
import { listEvents } from '../../answers/events.ts';
import { storedEventSchema } from '../../contract/events.ts';
import { limitSchema, listOf, paged, pageQuery, whole } from '../../contract/lists.ts';
import { movementSchema, objectSchema } from '../../contract/objects.ts';
import { passSchema } from '../../contract/passes.ts';
import { stockRowSchema } from '../../contract/stock.ts';
import { type Api, type ApiContext, answers } from '../http/api.ts';
import { ProblemError } from '../http/problems.ts';

const word = z.string().min(1).max(200);
const stockFilter = {
  gtin: word.optional(),
  lot: word.optional(),
  location: word.optional(),
  disposition: word.optional(),
};
const epcParams = z.object({ epc: z.string().min(1).max(512) });

export function stockRoutes(app: Api, { db, ledger }: ApiContext): void {
  app.get(
    '/stock',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'What is where, by item, lot, location and disposition',
        tags: ['stock'],
        querystring: z.object(stockFilter),
        response: answers(200, listOf(stockRowSchema)),
      },
    },
    async (request) => whole(await ledger.stock(request.query)),
  );

  app.get(
    '/objects',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'Tagged objects, in the order of their EPC',
        tags: ['stock'],
        querystring: z.object({
          ...stockFilter,
          onHold: z.stringbool().optional(),
          search: word.optional(),
          ...pageQuery,
        }),
        response: answers(200, listOf(objectSchema)),
      },
    },
    async (request) => {
      const { limit, after, ...filter } = request.query;
      return await paged({ limit, after }, (page) => ledger.objects(filter, page));
    },
  );

  app.get(
    '/objects/:epc',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'One object',
        tags: ['stock'],
        params: epcParams,
        response: answers(200, objectSchema),
      },
    },
    async (request) => {
      const object = await ledger.object(request.params.epc);
      if (!object) throw new ProblemError('object_not_found', `no object ${request.params.epc}`);
      return object;
    },
  );

  app.get(
    '/objects/:epc/movements',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'Where an object has been, newest first',
        tags: ['stock'],
        params: epcParams,
        querystring: z.object({ limit: limitSchema }),
        response: answers(200, listOf(movementSchema)),
      },
    },
    async (request) => {
      const { epc } = request.params;
      if (!(await ledger.object(epc))) throw new ProblemError('object_not_found', `no object ${epc}`);
      return whole(await ledger.movements(epc, request.query.limit));
    },
  );

  app.get(
    '/events',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'The events that everything here follows from, oldest first',
        tags: ['stock'],
        querystring: z.object({
          type: word.optional(),
          readPoint: word.optional(),
          gateway: word.optional(),
          ...pageQuery,
        }),
        response: answers(200, listOf(storedEventSchema)),
      },
    },
    async (request) => {
      const { limit, after, ...filter } = request.query;
      return await paged({ limit, after }, (page) => listEvents(db, filter, page));
    },
  );

  app.get(
    '/passes',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'What went through the doors, newest first',
        tags: ['doors'],
        querystring: z.object({ readPoint: word.optional(), limit: limitSchema }),
        response: answers(200, listOf(passSchema)),
      },
    },
    async (request) => whole(await ledger.passes(request.query)),
  );
}
