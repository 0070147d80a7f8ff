/**
 * Asks the cloud for an identity over HTTPS. The far end is verified before anything secret is sent; plain HTTP goes
 * to this machine only, unless somebody asked for it by name. Answers are bounded in size and time, redirects are not
 * followed (a token must not travel on), and a problem of the cloud becomes a message with its advice.
 */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import * as z from 'zod';
import { EnrolmentError } from './enrolment-error.ts';

const TIMEOUT_MS = 20_000;
const MAX_ANSWER_BYTES = 256 * 1024;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export interface CloudAddress {
  /** `https://cloud.example`, with or without a path before /link. */
  readonly url: string;
  /** PEM; undefined: the system's list. */
  readonly caPem?: string | undefined;
  readonly insecureHttp?: boolean | undefined;
}

interface CloudQuestion {
  readonly method: 'GET' | 'POST';
  /** `/link/v1/…` */
  readonly path: string;
  readonly body?: unknown;
  readonly token?: string | undefined;
}

/** The JSON of a good answer; an EnrolmentError for every other end. */
export type AskCloud = (cloud: CloudAddress, question: CloudQuestion) => Promise<unknown>;

const problemSchema = z.object({ title: z.string(), detail: z.string(), advice: z.string() });

export const askCloud: AskCloud = async (cloud, question) => {
  const url = addressOf(cloud, question.path);
  const { status, text } = await exchange(url, cloud, question);
  const parsed = parseJson(text);
  if (status === 200) return parsed;
  const problem = problemSchema.safeParse(parsed);
  const reason = problem.success
    ? `${problem.data.title} (${problem.data.detail}). ${problem.data.advice}`
    : `an answer that is not Tallyport's: is ${url.origin} the cloud?`;
  throw new EnrolmentError(`${url.origin} says ${status}: ${reason}`, {
    passing: status === 429 || status >= 500,
  });
};

/** The address of a question; refuses to send secrets where anybody can read them. */
function addressOf({ url: text, insecureHttp }: CloudAddress, path: string): URL {
  const base = URL.parse(text);
  if (base === null || (base.protocol !== 'https:' && base.protocol !== 'http:')) {
    throw new EnrolmentError(`"${text}": expected the address of the cloud such as https://cloud.example`);
  }
  if (base.protocol === 'http:' && !LOOPBACK.test(base.hostname) && insecureHttp !== true) {
    throw new EnrolmentError(
      `${base.origin}: the token would travel unencrypted: use https://, or say --insecure-http on a network of yours`,
    );
  }
  base.pathname = `${base.pathname.replace(/\/+$/, '')}${path}`;
  base.search = '';
  return base;
}

function exchange(
  url: URL,
  { caPem }: CloudAddress,
  { method, body, token }: CloudQuestion,
): Promise<{ status: number; text: string }> {
  const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const options = {
    method,
    headers: {
      accept: 'application/json, application/problem+json',
      ...(payload !== undefined && { 'content-type': 'application/json', 'content-length': payload.length }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    signal: AbortSignal.timeout(TIMEOUT_MS),
    agent: false,
    ...(caPem !== undefined && { ca: caPem }),
  };
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(unreachable(url, error));
    const asking = url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options);
    asking.on('error', fail);
    asking.on('response', (answer) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.on('error', fail);
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > MAX_ANSWER_BYTES) asking.destroy(new Error('the answer is too large'));
      });
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    asking.end(payload);
  });
}

function unreachable(url: URL, error: Error): EnrolmentError {
  const code: unknown = Reflect.get(error, 'code');
  const reason = error.name === 'TimeoutError' ? 'no answer in time' : error.message || String(code);
  const untrusted = typeof code === 'string' && /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(code);
  const advice = untrusted
    ? 'its certificate is not to be believed; name the CA with --ca FILE if it is one of yours'
    : 'check the address and the network';
  return new EnrolmentError(`cannot ask ${url.origin}: ${reason}: ${advice}`, {
    passing: true,
    cause: error,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
