/**
 * The link of gateways over HTTPS: a batch is posted exactly as it would travel over MQTT, its ack is the answer.
 * The order matters: address limit, credentials, the gateway's own limit and its place are settled on the headers
 * alone; a body is read only for a gateway that we know, bounded in size, number and time.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { LANES, type Lane } from '../../../protocol/events/lanes.ts';
import { ackSchema } from '../../../protocol/link/ack.ts';
import { MAX_BATCH_BYTES } from '../../../protocol/link/batch.ts';
import { isGatewayId } from '../../../protocol/link/topics.ts';
import type { DeliveryOutcome } from '../../intake/delivery-queue.ts';
import { type Api, answers } from '../http/api.ts';
import { ProblemError } from '../http/problems.ts';

/** Of one address before anybody is proven: a site with many gateways behind one address stays below. */
const LINK_ADDRESS_REQUESTS_PER_MINUTE = 60_000;
/** Requests of one gateway under way; twice the window of a forwarder. */
export const MAX_REQUESTS_OF_GATEWAY = 32;
/** Requests under way; at MAX_BATCH_BYTES each this bounds the memory to 60 MB. */
const MAX_LINK_REQUESTS = 512;
const RETRY_AFTER_SECONDS = 2;
const LONGEST_STATE_BYTES = 16;

/** What the routes need of the intake and of the registry of gateways. */
export interface LinkDoor {
  /** Of one gateway. */
  readonly requestsPerMinute: number;
  deliver(gateway: string, lane: Lane, payload: Uint8Array): Promise<DeliveryOutcome>;
  reportState(gateway: string, state: 'online' | 'offline'): void;
  /** True when the token is that of the gateway and the gateway may deliver. */
  verify(gateway: string, token: string): Promise<boolean>;
  /** The gateway that may deliver with this token; where that cannot be known, a foreign token is a wrong one. */
  ownerOf?(token: string): Promise<string | undefined>;
}

const gatewayParam = z
  .string()
  .refine(isGatewayId, 'expected lower-case letters, digits and dashes, at most 48');
const gatewayParams = z.object({ gateway: gatewayParam });
const laneParams = z.object({ gateway: gatewayParam, lane: z.enum(LANES) });
const bytes = z.instanceof(Buffer).meta({ type: 'string', format: 'binary' });

type Guard = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

export function linkRoutes(app: Api, door: LinkDoor): void {
  app.addContentTypeParser(
    'application/octet-stream',
    { parseAs: 'buffer', bodyLimit: MAX_BATCH_BYTES },
    (_request, body, done) => done(null, body),
  );
  const onRequest = guards(app, door);
  const shared = { config: { access: 'public', rateLimit: false } as const, onRequest };

  app.post(
    '/:gateway/:lane',
    {
      ...shared,
      bodyLimit: MAX_BATCH_BYTES,
      schema: {
        summary: 'A batch of one lane; the answer is its ack, given after the commit',
        description:
          '`Authorization: Bearer <token of the gateway>`. 202: refused for good and kept as a dead letter, no ack will come. 429 and 503: not taken, send again after Retry-After.',
        tags: ['link'],
        consumes: ['application/octet-stream'],
        params: laneParams,
        body: bytes,
        response: { ...answers(200, ackSchema), 202: z.undefined() },
      },
    },
    async (request, reply) => {
      const { gateway, lane } = request.params;
      const outcome = await door.deliver(gateway, lane, request.body);
      switch (outcome.kind) {
        case 'taken':
          return outcome.ack;
        case 'refused':
          reply.code(202);
          return undefined;
        case 'not-taken':
          reply.header('retry-after', RETRY_AFTER_SECONDS);
          throw new ProblemError('batch_not_taken', outcome.reason);
      }
    },
  );

  app.post(
    '/:gateway/state',
    {
      ...shared,
      bodyLimit: LONGEST_STATE_BYTES,
      schema: {
        summary: 'What a gateway says of itself: `offline` before it goes, `online` again',
        tags: ['link'],
        consumes: ['text/plain'],
        params: gatewayParams,
        body: z.enum(['online', 'offline']),
        response: answers(204, z.undefined()),
      },
    },
    async (request, reply) => {
      door.reportState(request.params.gateway, request.body);
      reply.code(204);
    },
  );
}

/** What every request passes before its body is read. */
function guards(app: Api, door: LinkDoor): Guard[] {
  const perMinute = (max: number, keyOf: (request: FastifyRequest) => string): Guard => {
    const count = app.createRateLimit({ max, timeWindow: 60_000, keyGenerator: keyOf });
    return async (request, reply) => {
      const limit = await count(request);
      if (limit.isAllowed || !limit.isExceeded) return;
      reply.header('retry-after', limit.ttlInSeconds).header('connection', 'close');
      throw new ProblemError('rate_limited', `${max} requests of one ${keyOf(request)} in a minute`);
    };
  };
  const places = new Map<string, number>();
  let underWay = 0;

  const prove: Guard = async (request, reply) => {
    const gateway = gatewayOf(request);
    const [scheme, token = ''] = (request.headers.authorization ?? '').split(' ');
    const known =
      scheme?.toLowerCase() === 'bearer' && isGatewayId(gateway) && (await door.verify(gateway, token));
    if (known) return;
    // Whoever is not known has no body that we would read to its end.
    reply.header('connection', 'close');
    const owner = token === '' ? undefined : await door.ownerOf?.(token);
    if (owner === undefined) throw new ProblemError('not_a_gateway', `no gateway may deliver with this`);
    throw new ProblemError('other_gateway', `this token is not that of ${gateway.slice(0, 64)}`);
  };

  const admit: Guard = async (request, reply) => {
    const gateway = gatewayOf(request);
    const its = places.get(gateway) ?? 0;
    if (its >= MAX_REQUESTS_OF_GATEWAY || underWay >= MAX_LINK_REQUESTS) {
      reply.header('retry-after', RETRY_AFTER_SECONDS).header('connection', 'close');
      throw new ProblemError('batch_not_taken', 'too many requests are under way');
    }
    underWay += 1;
    places.set(gateway, its + 1);
    reply.raw.once('close', () => {
      underWay -= 1;
      const left = (places.get(gateway) ?? 1) - 1;
      if (left === 0) places.delete(gateway);
      else places.set(gateway, left);
    });
  };

  return [
    perMinute(LINK_ADDRESS_REQUESTS_PER_MINUTE, (request) => `address ${request.ip}`),
    prove,
    perMinute(door.requestsPerMinute, (request) => `gateway ${gatewayOf(request)}`),
    admit,
  ];
}

function gatewayOf(request: FastifyRequest): string {
  return (request.params as { gateway?: string }).gateway ?? '';
}
