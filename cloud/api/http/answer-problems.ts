/** Every error becomes a problem of the registry; what is not the caller's fault is logged with its cause. */
import type { FastifyError } from 'fastify';
import { hasZodFastifySchemaValidationErrors, isResponseSerializationError } from 'fastify-type-provider-zod';
import { type Api, PROBLEM_JSON } from './api.ts';
import { PROBLEMS, type ProblemCode, ProblemError, problem } from './problems.ts';

const BY_FASTIFY_CODE: Record<string, ProblemCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
};

export function answerProblems(app: Api): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const { code, detail } = classify(error);
    if (code === 'internal') request.log.error({ event: 'request-failed', err: error }, 'a request failed');
    return reply.code(PROBLEMS[code].status).type(PROBLEM_JSON).send(problem(code, detail));
  });
  app.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .type(PROBLEM_JSON)
      .send(problem('no_such_route', `${request.method} ${request.url.slice(0, 200)}`)),
  );
}

function classify(error: FastifyError): { code: ProblemCode; detail: string } {
  if (error instanceof ProblemError) return { code: error.code, detail: error.message };
  if (hasZodFastifySchemaValidationErrors(error)) {
    const part = error.validationContext ?? 'request';
    const details = error.validation.map(
      (issue) => `${part}${issue.instancePath.replaceAll('/', '.')}: ${issue.message ?? 'not valid'}`,
    );
    return { code: 'invalid_request', detail: details.join('; ') };
  }
  const byCode = BY_FASTIFY_CODE[error.code];
  if (byCode !== undefined) return { code: byCode, detail: error.message };
  if (error.statusCode === 429) return { code: 'rate_limited', detail: error.message };
  if (!isResponseSerializationError(error) && error.statusCode !== undefined && error.statusCode < 500) {
    return { code: 'invalid_request', detail: error.message };
  }
  return { code: 'internal', detail: 'the request could not be completed' };
}
