/**
 * The HTTP side of the cloud: the order in which everything is put before the routes. Authentication and rate limit
 * come first, so that whatever follows works for somebody we know, at a bounded pace.
 */
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import Fastify, { type FastifyBaseLogger, LogController } from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import * as z from 'zod';
import { gatewayOfToken } from '../fleet/gateway-registry.ts';
import { answerProblems } from './http/answer-problems.ts';
import { type Api, type ApiContext, answers } from './http/api.ts';
import { authenticate } from './http/authenticate.ts';
import { metricsRoute } from './http/metrics.ts';
import { page } from './http/page.ts';
import { securityHeaders } from './http/security-headers.ts';
import { coldChainRoutes } from './routes/cold-chain.ts';
import { type IdentityProvision, identityRoutes, invitationRoutes } from './routes/enrolment.ts';
import { fleetRoutes } from './routes/fleet.ts';
import { type LinkDoor, linkRoutes } from './routes/link.ts';
import { sessionRoutes } from './routes/session.ts';
import { shipmentRoutes } from './routes/shipments.ts';
import { stockRoutes } from './routes/stock.ts';
import { streamRoutes } from './routes/stream.ts';

/** Bodies of routes that do not say otherwise. */
export const MAX_BODY_BYTES = 256 * 1024;
/** Requests per minute of one address; a page that fetches on every live message stays far below. */
const REQUESTS_PER_MINUTE = 6000;
/** From a request's first byte to its last: whoever sends more slowly holds a place for no longer than this. */
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** How often Node looks for requests that are over their time. */
const TIMEOUTS_CHECKED_EVERY_MS = 5_000;
/** Sockets open at once; more are refused. */
const MAX_CONNECTIONS = 4096;
/** Of one address part; an EPC in hex is at most 124 characters, a Digital Link a few hundred. */
const MAX_PARAM_LENGTH = 1024;

const TIME_LIMITS = {
  requestTimeout: REQUEST_TIMEOUT_MS,
  headersTimeout: HEADERS_TIMEOUT_MS,
  connectionsCheckingInterval: TIMEOUTS_CHECKED_EVERY_MS,
};

export interface ApiOptions extends ApiContext {
  readonly log?: FastifyBaseLogger;
  /** The folder of the built page. */
  readonly pageDir: string;
  readonly version: string;
  readonly requestsPerMinute?: number;
  readonly trustProxy?: boolean;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  /** What gateways are given besides tokens; default: nothing. */
  readonly identity?: IdentityProvision;
  /** The gateway that may deliver with a token; default: asked of the database. */
  readonly ownerOf?: (token: string) => Promise<string | undefined>;
  /** Gateways deliver by POST too. */
  readonly link?: LinkDoor;
}

export async function createApi(options: ApiOptions): Promise<Api> {
  const { tls } = options;
  const app: Api = Fastify({
    ...(options.log ? { loggerInstance: options.log } : {}),
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: options.trustProxy ?? false,
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    // Fastify leaves the limits of a server that it did not make to whoever makes it.
    serverFactory: (handler) => {
      const server = tls
        ? createHttpsServer({ ...TIME_LIMITS, ...tls }, handler)
        : createHttpServer(TIME_LIMITS, handler);
      server.maxConnections = MAX_CONNECTIONS;
      return server;
    },
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);

  securityHeaders(app);
  answerProblems(app);
  await app.register(rateLimit, {
    max: options.requestsPerMinute ?? REQUESTS_PER_MINUTE,
    timeWindow: 60_000,
    hook: 'onRequest',
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tallyport',
        version: options.version,
        description:
          'Stock that matches the world: what crossed the doors, stands where, and was kept how cold.',
      },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          session: { type: 'apiKey', in: 'cookie', name: 'tallyport_session' },
        },
      },
      security: [{ bearer: [] }, { session: [] }],
    },
    transform: jsonSchemaTransform,
  });
  authenticate(app, options);

  operationsRoutes(app, options);
  await app.register(
    async (api: Api) => {
      sessionRoutes(api, options);
      stockRoutes(api, options);
      shipmentRoutes(api, options);
      coldChainRoutes(api, options);
      fleetRoutes(api, options);
      invitationRoutes(api, options);
      streamRoutes(api, options);
    },
    { prefix: '/api/v1' },
  );
  const { link, identity = { uplink: {} }, db, clock } = options;
  const ownerOf = options.ownerOf ?? ((token) => gatewayOfToken(db, token, clock.now()));
  await app.register(async (api: Api) => identityRoutes(api, { ...options, ...identity, ownerOf }), {
    prefix: '/link/v1',
  });
  if (link) await app.register(async (api: Api) => linkRoutes(api, link), { prefix: '/link/v1' });
  await page(app, options.pageDir);
  app.addHook('preClose', async () => options.live.close());
  return app;
}

function operationsRoutes(app: Api, options: ApiOptions): void {
  metricsRoute(app, options);
  app.get(
    '/healthz',
    {
      config: { access: 'public', rateLimit: false },
      schema: {
        summary: 'Whether this process answers',
        tags: ['operations'],
        response: answers(200, z.object({ ok: z.literal(true) })),
      },
    },
    async () => ({ ok: true as const }),
  );
  app.get(
    '/openapi.json',
    {
      config: { access: 'public' },
      schema: {
        summary: 'This document',
        tags: ['operations'],
        response: answers(200, z.record(z.string(), z.unknown())),
      },
    },
    async () => ({ ...app.swagger() }),
  );
}
