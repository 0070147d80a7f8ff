/**
 * One HTTP server for everything that AWS answers over HTTPS: the IoT data plane, SQS, the credentials provider, and
 * the stand-in's own counters. Finds out who calls (a signature, or the certificate of the TLS connection), hands the
 * request on, and puts errors into the words of AWS.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Clock } from '../../../protocol/ports/clock.ts';
import { type AwsAnswer, json, MAX_BODY_BYTES, type RestRequest, readRequest, write } from '../http/http.ts';
import type { AccessKeys } from '../identity/access-keys.ts';
import type { Place, Principal } from '../identity/principal.ts';
import { type SignatureErrors, verifySignature } from '../identity/sigv4.ts';
import { AwsError, forbidden } from '../service/aws-error.ts';
import type { AwsCounters } from '../service/quotas.ts';
import { isSqsRequest, type SqsProtocol, sqsErrorAnswer } from '../sqs/sqs-protocol.ts';
import type { CredentialsProvider } from './credentials-provider.ts';
import type { DataPlane } from './data-plane.ts';

interface RestServerOptions {
  readonly clock: Clock;
  readonly counters: AwsCounters;
  readonly place: Place;
  readonly keys: AccessKeys;
  readonly dataPlane: DataPlane;
  readonly sqs: SqsProtocol;
  readonly credentials: CredentialsProvider;
  /** The device behind a TLS connection; undefined without a certificate that we know. */
  readonly certificateOf: (incoming: IncomingMessage) => Principal | undefined;
}

const IOT_SERVICES = ['iotdata', 'iotdevicegateway'];
const IOT_ERRORS: SignatureErrors = {
  missing: 'ForbiddenException',
  unknownKey: 'ForbiddenException',
  mismatch: 'ForbiddenException',
  expired: 'ForbiddenException',
};
const SQS_ERRORS: SignatureErrors = {
  missing: 'MissingAuthenticationToken',
  unknownKey: 'InvalidClientTokenId',
  mismatch: 'SignatureDoesNotMatch',
  expired: 'InvalidSecurity',
};

export function createRestServer(options: RestServerOptions): Server {
  return createServer((incoming, response) => {
    respond(options, incoming, response).catch(() => response.destroy());
  });
}

async function respond(
  options: RestServerOptions,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { counters, clock } = options;
  const request = await readRequest(incoming, response);
  const answer =
    request === undefined
      ? errorAnswer(new AwsError('RequestEntityTooLargeException', 413, `more than ${MAX_BODY_BYTES} bytes`))
      : await answerTo(options, request, options.certificateOf(incoming));
  counters.restRequests += 1;
  if (answer.status >= 400) counters.restRefused += 1;
  if (!response.destroyed) write(response, answer, clock.now());
}

async function answerTo(
  options: RestServerOptions,
  request: RestRequest,
  certificate: Principal | undefined,
): Promise<AwsAnswer> {
  const { counters, dataPlane, sqs, credentials } = options;
  if (request.method === 'GET' && request.path === '/_stand-in/counters') return json({ ...counters });
  const toSqs = isSqsRequest(request);
  try {
    if (request.parts[0] === 'role-aliases') return credentials.handle(request, certificate);
    const principal = await authenticate(options, request, certificate, toSqs);
    if (!toSqs) return await dataPlane.handle(request, principal);
    if (principal.kind !== 'account') throw new AwsError('InvalidSecurity', 403, 'devices have no queues');
    return await sqs.handle(request);
  } catch (error) {
    const answered =
      error instanceof AwsError
        ? error
        : new AwsError(
            'InternalFailureException',
            500,
            error instanceof Error ? error.message : String(error),
          );
    return toSqs ? sqsErrorAnswer(answered) : errorAnswer(answered);
  }
}

async function authenticate(
  { keys, place, clock }: RestServerOptions,
  request: RestRequest,
  certificate: Principal | undefined,
  toSqs: boolean,
): Promise<Principal> {
  if (request.headers.authorization === undefined && certificate !== undefined && !toSqs) return certificate;
  if (request.headers.authorization === undefined && !toSqs) throw forbidden('Missing Authentication Token');
  const expected = {
    region: place.region,
    services: toSqs ? ['sqs'] : IOT_SERVICES,
    now: clock.now(),
  };
  const key = await verifySignature(request, keys, expected, toSqs ? SQS_ERRORS : IOT_ERRORS);
  return key.principal;
}

function errorAnswer({ type, status, message }: AwsError): AwsAnswer {
  const answer = json({ message, traceId: randomUUID() }, status);
  return { ...answer, headers: { ...answer.headers, 'x-amzn-errortype': type } };
}
