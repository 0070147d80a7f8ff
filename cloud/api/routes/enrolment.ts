/**
 * How a gateway comes by its identity. For administrators: invitations and certificates. For gateways, under
 * /link/v1 and without a user: enrol with a one-time code, renew, ask how one stands, and the revocation list that
 * brokers fetch. What is public is small, bounded and strictly limited by address.
 */
import type { FastifyRequest } from 'fastify';
import * as z from 'zod';
import {
  credentialsSchema,
  type EnrolRequest,
  enrolRequestSchema,
  renewRequestSchema,
} from '../../../protocol/link/enrolment.ts';
import { isGatewayId } from '../../../protocol/link/topics.ts';
import { limitSchema, listOf, whole } from '../../contract/lists.ts';
import { listCertificates, revokedCertificates } from '../../enrolment/certificates.ts';
import type { DeviceCa } from '../../enrolment/device-ca.ts';
import { type EnrolmentRefusal, enrol, type Issued, renew } from '../../enrolment/identities.ts';
import { DEFAULT_INVITATION_HOURS, invite, MAX_INVITATION_HOURS } from '../../enrolment/invitations.ts';
import { type Api, type ApiContext, answers } from '../http/api.ts';
import { type ProblemCode, ProblemError } from '../http/problems.ts';

/** Tries per minute and address unless configured; fifty gateways behind one address take five minutes. */
export const ENROLMENTS_PER_MINUTE = 10;
const RENEWALS_PER_MINUTE = 60;
const LISTS_PER_MINUTE = 60;
/** A request, a code and their JSON. */
const BODY_LIMIT_BYTES = 32 * 1024;

/** What this cloud hands out besides tokens. */
export interface IdentityProvision {
  /** Without it gateways get tokens only. */
  readonly deviceCa?: DeviceCa | undefined;
  /** Whom gateways should believe to be the broker and the cloud. */
  readonly serverCaPem?: string | undefined;
  /** Enrolments that one address may try per minute, default ENROLMENTS_PER_MINUTE. */
  readonly triesPerMinute?: number;
  readonly uplink: { readonly mqttUrl?: string | undefined; readonly httpsUrl?: string | undefined };
}

interface EnrolmentRouteContext extends ApiContext, IdentityProvision {
  /** The gateway that may deliver with this token. */
  readonly ownerOf: (token: string) => Promise<string | undefined>;
}

const gatewayId = z
  .string()
  .refine(isGatewayId, 'expected lower-case letters, digits and dashes, at most 48');
const iso = z.iso.datetime();

const certificateSchema = z.object({
  serial: z.string(),
  gateway: z.string(),
  /** SHA-256 of the certificate. */
  fingerprint: z.string(),
  issuedAt: iso,
  expiresAt: iso,
  revokedAt: iso.nullable(),
  revokeReason: z.enum(['superseded', 'revoked']).nullable(),
});

export function invitationRoutes(app: Api, { db, clock, newToken }: ApiContext): void {
  app.post(
    '/gateways/:id/invitation',
    {
      config: { access: 'admin' },
      schema: {
        summary:
          'A one-time code with which a gateway gets its identity, shown this once; ends one before it',
        tags: ['fleet'],
        params: z.object({ id: gatewayId }),
        body: z.object({
          hours: z.number().positive().max(MAX_INVITATION_HOURS).default(DEFAULT_INVITATION_HOURS),
        }),
        response: answers(201, z.object({ id: z.string(), code: z.string(), expiresAt: iso })),
      },
    },
    async (request, reply) => {
      const { id, code, expiresAt } = await invite(
        db,
        request.params.id,
        request.body.hours,
        newToken,
        clock.now(),
      );
      reply.code(201);
      return { id, code, expiresAt: new Date(expiresAt).toISOString() };
    },
  );

  app.get(
    '/certificates',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'Certificates of gateways that this cloud signed, newest first',
        tags: ['fleet'],
        querystring: z.object({ limit: limitSchema, gateway: gatewayId.optional() }),
        response: answers(200, listOf(certificateSchema)),
      },
    },
    async (request) => {
      const records = await listCertificates(db, request.query);
      return whole(
        records.map((record) => ({
          ...record,
          issuedAt: new Date(record.issuedAt).toISOString(),
          expiresAt: new Date(record.expiresAt).toISOString(),
          revokedAt: record.revokedAt === null ? null : new Date(record.revokedAt).toISOString(),
        })),
      );
    },
  );
}

export function identityRoutes(app: Api, context: EnrolmentRouteContext): void {
  const { db, clock, newToken, deviceCa, ownerOf } = context;
  const limited = (max: number) => ({ access: 'public', rateLimit: { max, timeWindow: 60_000 } }) as const;
  const now = () => ({ db, newToken, deviceCa, now: clock.now() });

  app.post(
    '/enroll',
    {
      config: limited(context.triesPerMinute ?? ENROLMENTS_PER_MINUTE),
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        summary: 'A one-time code for the identity of a gateway; a refused request does not use the code up',
        tags: ['link'],
        body: enrolRequestSchema,
        response: answers(200, credentialsSchema),
      },
    },
    async (request) => {
      const asked: EnrolRequest = request.body;
      const answer = await enrol(now(), asked);
      if (!answer.ok) throw problemOf(answer.refusal);
      return credentialsOf(answer.issued, context);
    },
  );

  app.post(
    '/renew',
    {
      config: limited(RENEWALS_PER_MINUTE),
      bodyLimit: BODY_LIMIT_BYTES,
      schema: {
        summary: 'New credentials for the ones a gateway has, which end when the new ones are first used',
        description: '`Authorization: Bearer <token of the gateway>`.',
        tags: ['link'],
        body: renewRequestSchema,
        response: answers(200, credentialsSchema),
      },
    },
    async (request) => {
      const token = bearerOf(request);
      if ((await ownerOf(token)) === undefined) throw notAGateway();
      const answer = await renew(now(), { token, csrPem: request.body.csrPem });
      if (!answer.ok) throw problemOf(answer.refusal);
      return credentialsOf(answer.issued, context);
    },
  );

  app.get(
    '/identity',
    {
      config: limited(RENEWALS_PER_MINUTE),
      schema: {
        summary: 'Who the bearer of this token is; asking counts as its first use',
        description: '`Authorization: Bearer <token of the gateway>`.',
        tags: ['link'],
        response: answers(200, z.object({ gateway: z.string() })),
      },
    },
    async (request) => {
      const gateway = await ownerOf(bearerOf(request));
      if (gateway === undefined) throw notAGateway();
      return { gateway };
    },
  );

  app.get(
    '/ca.crl',
    {
      config: limited(LISTS_PER_MINUTE),
      schema: {
        summary: 'Certificates of gateways that are to be refused (X.509 CRL, PEM), for the broker',
        tags: ['link'],
        produces: ['application/x-pem-file'],
        response: answers(200, z.string()),
      },
    },
    async (_request, reply) => {
      if (deviceCa === undefined) throw new ProblemError('no_device_ca', 'this cloud signs no certificates');
      const at = clock.now();
      const list = await deviceCa.revocationList(await revokedCertificates(db, at), at);
      reply.type('application/x-pem-file');
      return list;
    },
  );
}

function credentialsOf({ gateway, token, certificate }: Issued, { serverCaPem, uplink }: IdentityProvision) {
  return {
    gateway,
    token,
    ...(certificate && { certificatePem: certificate.pem }),
    ...(serverCaPem !== undefined && { caPem: serverCaPem }),
    uplink,
  };
}

function bearerOf(request: FastifyRequest): string {
  const [scheme, token] = (request.headers.authorization ?? '').split(' ');
  return scheme?.toLowerCase() === 'bearer' ? (token ?? '') : '';
}

function notAGateway(): ProblemError {
  return new ProblemError('not_a_gateway', 'no gateway may deliver with this');
}

const PROBLEM_OF = {
  unknown: 'enrolment_code_wrong',
  used: 'enrolment_code_used',
  expired: 'enrolment_code_expired',
  'other-gateway': 'enrolment_other_gateway',
  'invalid-request': 'invalid_certificate_request',
  'wrong-token': 'not_a_gateway',
} as const satisfies Record<EnrolmentRefusal['code'], ProblemCode>;

function problemOf({ code, detail }: EnrolmentRefusal): ProblemError {
  return new ProblemError(PROBLEM_OF[code], detail);
}
