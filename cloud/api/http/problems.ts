/**
 * The one registry of what the API answers when it does not answer what was asked (RFC 9457, problem+json).
 * `code` is stable and meant for programs; `advice` says what to do. Every error response is one of these.
 */
import type { Problem } from '../../contract/problem.ts';

interface ProblemKind {
  readonly status: number;
  readonly title: string;
  readonly advice: string;
}

export const PROBLEMS = {
  invalid_request: {
    status: 400,
    title: 'The request is not well-formed',
    advice: 'Correct what the detail names; the expected form stands in /openapi.json.',
  },
  unauthenticated: {
    status: 401,
    title: 'Not signed in',
    advice: 'Send `Authorization: Bearer <token>`, or sign in with POST /api/v1/session.',
  },
  wrong_token: {
    status: 401,
    title: 'The token is not known or was revoked',
    advice: 'Check the token; an administrator makes a new one with `npm run cloud -- user add`.',
  },
  not_a_gateway: {
    status: 401,
    title: 'No gateway may deliver with this token',
    advice: 'Check id and token of the gateway; one that was revoked needs a new token.',
  },
  forbidden: {
    status: 403,
    title: 'Your role may not do this',
    advice: 'Ask someone whose role may, or an administrator for a token with that role.',
  },
  other_gateway: {
    status: 403,
    title: 'The token is of another gateway',
    advice: 'Give each gateway its own id and token; two that share one would overwrite each other.',
  },
  enrolment_code_wrong: {
    status: 403,
    title: 'No invitation has this code',
    advice: 'Check the code; an administrator makes one with `npm run cloud -- gateway invite <id>`.',
  },
  enrolment_other_gateway: {
    status: 403,
    title: 'The invitation is for another gateway',
    advice: 'Set gateway.id in gateway.yaml to the id that was invited, or ask for a code for yours.',
  },
  cross_site: {
    status: 403,
    title: 'Refused: the request came from another site',
    advice: 'Use the page of this server, or a bearer token instead of the session cookie.',
  },
  no_such_route: {
    status: 404,
    title: 'There is nothing at this address',
    advice: 'The addresses stand in /openapi.json.',
  },
  object_not_found: {
    status: 404,
    title: 'No such object',
    advice: 'Check the EPC: lower-case hex as in the list of objects. Only tags that were seen are known.',
  },
  shipment_not_found: {
    status: 404,
    title: 'No such shipment',
    advice: 'Check the id in the list of shipments, or load it with POST /api/v1/shipments.',
  },
  exception_not_found: {
    status: 404,
    title: 'No such exception',
    advice: 'Check the id in the list of exceptions.',
  },
  hold_not_found: {
    status: 404,
    title: 'No active hold of that exception on those objects',
    advice: 'Look at /api/v1/holds for what is held and by which exception.',
  },
  gateway_not_found: {
    status: 404,
    title: 'No such gateway',
    advice: 'Check the id in the list of gateways, or add it with POST /api/v1/gateways.',
  },
  no_device_ca: {
    status: 404,
    title: 'This cloud signs no certificates',
    advice: 'Set enrolment.caCertFile and enrolment.caKeyFile in cloud.yaml, or use tokens alone.',
  },
  decided_already: {
    status: 409,
    title: 'Somebody decided this already',
    advice: 'Load it again: its state has changed since you saw it.',
  },
  still_active: {
    status: 409,
    title: 'The condition still stands',
    advice: 'Resolve it when the samples are back within bounds; until then acknowledge it.',
  },
  exception_withdrawn: {
    status: 409,
    title: 'Later data has withdrawn this exception',
    advice: 'Nothing is left to decide; load the list again.',
  },
  gateway_exists: {
    status: 409,
    title: 'A gateway with this id exists',
    advice: 'Choose another id, or give it a new token with POST /api/v1/gateways/<id>/token.',
  },
  enrolment_code_used: {
    status: 409,
    title: 'The code has been used',
    advice: 'If it was not this gateway: revoke the gateway. Ask for a new code in any case.',
  },
  enrolment_code_expired: {
    status: 410,
    title: 'The code has expired',
    advice: 'Ask an administrator for a new one: `npm run cloud -- gateway invite <id>`.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    advice: 'Send less at once: split a list of shipments over several requests.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'This media type is not understood',
    advice: 'Send application/json; shipments may also come as text/csv.',
  },
  invalid_shipments: {
    status: 422,
    title: 'The shipments cannot be read',
    advice: 'Correct the line that the detail names; nothing of this request was loaded.',
  },
  invalid_certificate_request: {
    status: 422,
    title: 'The certificate request cannot be signed',
    advice: 'Send PKCS #10 as PEM, signed by its own key: P-256, Ed25519, or RSA of 2048 to 4096 bits.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    advice: 'Wait as long as the Retry-After header says. The live stream reports changes without polling.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong here',
    advice: 'Try again. If it stays, the log of the cloud has the cause under the same request id.',
  },
  batch_not_taken: {
    status: 503,
    title: 'The batch was not taken now',
    advice: 'Send it again after Retry-After; sent twice it counts once.',
  },
  page_not_built: {
    status: 503,
    title: 'The page was not built',
    advice: 'Build it with `node cloud/web/build.ts` and start again, or use the API under /api/v1.',
  },
  too_many_streams: {
    status: 503,
    title: 'Too many live streams are open',
    advice: 'Close one, or ask for what you need at intervals.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Thrown by a route to answer with a problem; `detail` names what this time is about. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: ProblemCode;

  constructor(code: ProblemCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

export function problem(code: ProblemCode, detail: string): Problem {
  const { status, title, advice } = PROBLEMS[code];
  return { type: `urn:tallyport:problem:${code}`, title, status, detail, code, advice };
}
