/** Gateways and their tokens, dead letters, the status of this cloud. */
import * as z from 'zod';
import { isGatewayId } from '../../../protocol/link/topics.ts';
import { deadLetterSchema, gatewaySchema } from '../../contract/gateways.ts';
import { limitSchema, listOf, whole } from '../../contract/lists.ts';
import { statusSchema } from '../../contract/status.ts';
import { addGateway, renewGatewayToken, revokeGateway } from '../../fleet/gateway-registry.ts';
import { type Api, type ApiContext, answers } from '../http/api.ts';
import { ProblemError } from '../http/problems.ts';

const gatewayId = z
  .string()
  .refine(isGatewayId, 'expected lower-case letters, digits and dashes, at most 48');
const idParams = z.object({ id: gatewayId });
/** The only time the token is shown. */
const newTokenSchema = z.object({ id: z.string(), token: z.string() });

export function fleetRoutes(app: Api, context: ApiContext): void {
  const { db, ledger, clock, newToken, onGatewayRevoked, status } = context;

  app.get(
    '/gateways',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'Gateways, how far each has come, and what ails their devices',
        tags: ['fleet'],
        response: answers(200, listOf(gatewaySchema)),
      },
    },
    async () => whole(await ledger.gateways()),
  );

  app.post(
    '/gateways',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Add a gateway; its token is shown this once',
        tags: ['fleet'],
        body: z.object({ id: gatewayId }),
        response: answers(201, newTokenSchema),
      },
    },
    async (request, reply) => {
      const { id } = request.body;
      const token = await addGateway(db, id, newToken, clock.now());
      if (token === undefined) throw new ProblemError('gateway_exists', `there is a gateway ${id}`);
      reply.code(201);
      return { id, token };
    },
  );

  app.post(
    '/gateways/:id/token',
    {
      config: { access: 'admin' },
      schema: {
        summary:
          'Give a gateway a new token, shown this once; the old one ends, a revoked gateway may deliver again',
        tags: ['fleet'],
        params: idParams,
        response: answers(200, newTokenSchema),
      },
    },
    async (request) => {
      const { id } = request.params;
      const token = await renewGatewayToken(db, id, newToken, clock.now());
      if (token === undefined) throw new ProblemError('gateway_not_found', `no gateway ${id}`);
      onGatewayRevoked(id);
      return { id, token };
    },
  );

  app.post(
    '/gateways/:id/revoke',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Refuse everything from a gateway from now on',
        tags: ['fleet'],
        params: idParams,
        response: answers(200, z.object({ id: z.string(), revoked: z.literal(true) })),
      },
    },
    async (request) => {
      const { id } = request.params;
      if (!(await revokeGateway(db, id, clock.now()))) {
        throw new ProblemError('gateway_not_found', `no gateway ${id}`);
      }
      onGatewayRevoked(id);
      return { id, revoked: true as const };
    },
  );

  app.get(
    '/dead-letters',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'What was received and could not take effect, newest first',
        tags: ['fleet'],
        querystring: z.object({ limit: limitSchema }),
        response: answers(200, listOf(deadLetterSchema)),
      },
    },
    async (request) => whole(await ledger.deadLetters(request.query.limit)),
  );

  app.get(
    '/status',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'How this cloud is doing',
        tags: ['fleet'],
        response: answers(200, statusSchema),
      },
    },
    async () => status(),
  );
}
