/** Requests read whole and bounded, answers written in the words of AWS. Only this folder touches node:http. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SignedRequest } from '../identity/sigv4.ts';
import type { JsonObject } from '../shadow/shadow-document.ts';

/** The largest body: an SQS batch of ten messages, 1 MiB together, and its JSON. */
export const MAX_BODY_BYTES = 2 * 1024 * 1024;

export interface RestRequest extends SignedRequest {
  /** Aborted when the caller goes away before it is answered. */
  readonly gone: AbortSignal;
  /** The escaped path in parts. */
  readonly parts: readonly string[];
}

export interface AwsAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent as it is. */
  readonly body: string | Uint8Array;
}

/** Undefined when the body is larger than allowed. */
export async function readRequest(
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<RestRequest | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    const buffer = chunk as Buffer;
    bytes += buffer.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(buffer);
  }
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const [path = '/', search = ''] = (incoming.url ?? '/').split(/\?(.*)/s);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(',') : value;
  }
  return {
    method: incoming.method ?? 'GET',
    path,
    parts: path.split('/').slice(1),
    query: new URLSearchParams(search),
    headers,
    body: Buffer.concat(chunks),
    gone: gone.signal,
  };
}

export function json(body: JsonObject, status = 200): AwsAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** `now` is the stand-in's time: the SDK corrects its clock by the Date header. */
export function write(response: ServerResponse, answer: AwsAnswer, now: number): void {
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  response.writeHead(answer.status, {
    ...answer.headers,
    date: new Date(now).toUTCString(),
    'x-amzn-requestid': randomUUID(),
    'content-length': body.length,
  });
  response.end(body);
}
