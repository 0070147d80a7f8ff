/** Expected shipments: loading them as JSON or CSV, and what came or went against them. */
import * as z from 'zod';
import { listOf, whole } from '../../contract/lists.ts';
import { shipmentSchema } from '../../contract/shipments.ts';
import { type Api, type ApiContext, answers } from '../http/api.ts';
import { ProblemError } from '../http/problems.ts';
import { actorOf, noteSchema } from './decision.ts';

/** A day's shipments with their tags listed fit; more is sent in parts. */
const MAX_SHIPMENTS_BYTES = 8 * 1024 * 1024;

const idParams = z.object({ id: z.string().min(1).max(200) });

export function shipmentRoutes(app: Api, { ledger }: ApiContext): void {
  app.addContentTypeParser(
    'text/csv',
    { parseAs: 'string', bodyLimit: MAX_SHIPMENTS_BYTES },
    (_request, body, done) => done(null, body),
  );

  app.get(
    '/shipments',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'Expected shipments with what came or went so far',
        tags: ['shipments'],
        response: answers(200, listOf(shipmentSchema)),
      },
    },
    async () => whole(await ledger.shipments()),
  );

  app.post(
    '/shipments',
    {
      config: { access: 'inventory' },
      bodyLimit: MAX_SHIPMENTS_BYTES,
      schema: {
        summary: 'Load expected shipments: all of the body or nothing; one with a known id replaces it',
        tags: ['shipments'],
        consumes: ['application/json', 'text/csv'],
        body: z.union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())]),
        response: answers(201, z.object({ loaded: z.array(z.string()) })),
      },
    },
    async (request, reply) => {
      const { body } = request;
      const loaded = await ledger.loadShipments(
        typeof body === 'string' ? { form: 'csv', text: body } : { form: 'json', value: body },
      );
      if (!loaded.ok) throw new ProblemError('invalid_shipments', loaded.detail);
      reply.code(201);
      return { loaded: loaded.ids };
    },
  );

  app.get(
    '/shipments/:id',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'One shipment, line by line',
        tags: ['shipments'],
        params: idParams,
        response: answers(200, shipmentSchema),
      },
    },
    async (request) => {
      const shipment = await ledger.shipment(request.params.id);
      if (!shipment) throw new ProblemError('shipment_not_found', `no shipment ${request.params.id}`);
      return shipment;
    },
  );

  app.post(
    '/shipments/:id/close',
    {
      config: { access: 'inventory' },
      schema: {
        summary: 'Close a shipment: what is missing now stays missing',
        tags: ['shipments'],
        params: idParams,
        body: noteSchema,
        response: answers(200, shipmentSchema),
      },
    },
    async (request) => {
      const { id } = request.params;
      const closed = await ledger.closeShipment(id, actorOf(request), request.body?.reason ?? '');
      if (closed.ok) return closed.value;
      throw closed.reason === 'not-found'
        ? new ProblemError('shipment_not_found', `no shipment ${id}`)
        : new ProblemError('decided_already', `shipment ${id} is closed already`);
    },
  );
}
