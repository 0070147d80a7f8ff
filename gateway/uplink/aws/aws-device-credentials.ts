/**
 * Credentials for AWS calls from the device's own certificate: the AWS IoT credentials provider
 * (`GET https://<endpoint>/role-aliases/<alias>/credentials`, mutual TLS, header `x-amzn-iot-thingname`; AWS IoT Core
 * Developer Guide, "Authorizing direct calls to AWS services"). Kept until shortly before they expire.
 */
import { request } from 'node:https';
import * as z from 'zod';
import type { Clock } from '../../../protocol/ports/clock.ts';

interface DeviceCredentialsOptions {
  /** `xxxxxxxx.credentials.iot.<region>.amazonaws.com`, with `:port` if it is not 443. */
  readonly endpoint: string;
  readonly roleAlias: string;
  readonly thing: string;
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
  readonly clock: Clock;
  /** Default 15,000. */
  readonly timeoutMs?: number;
}

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

const answerSchema = z.object({
  credentials: z.object({
    accessKeyId: z.string().min(1),
    secretAccessKey: z.string().min(1),
    sessionToken: z.string().min(1),
    expiration: z.iso.datetime({ offset: true }),
  }),
});

const MAX_ANSWER_BYTES = 64 * 1024;
/** Renewed this long before they end. */
const EARLY_MS = 300_000;

/** The provider the SDK asks before each request. Concurrent calls share one fetch. */
export function deviceCredentials(options: DeviceCredentialsOptions): () => Promise<AwsCredentials> {
  let held: AwsCredentials | undefined;
  let fetching: Promise<AwsCredentials> | undefined;
  const fetchNew = async () => {
    try {
      held = await fetchCredentials(options);
      return held;
    } finally {
      fetching = undefined;
    }
  };
  return async () => {
    if (held !== undefined && held.expiration.getTime() - options.clock.now() > EARLY_MS) return held;
    fetching ??= fetchNew();
    return fetching;
  };
}

async function fetchCredentials(options: DeviceCredentialsOptions): Promise<AwsCredentials> {
  const { endpoint, roleAlias, thing, tls, clock, timeoutMs } = options;
  const abort = new AbortController();
  const limitMs = timeoutMs ?? 15_000;
  const timer = clock.setTimer(limitMs, 'aws credentials', () =>
    abort.abort(new Error(`no credentials from ${endpoint} within ${limitMs} ms`)),
  );
  try {
    const url = new URL(`https://${endpoint}/role-aliases/${encodeURIComponent(roleAlias)}/credentials`);
    const { status, body } = await get(url, thing, tls, abort.signal);
    if (status !== 200) {
      throw new Error(
        `the AWS IoT credentials provider answers HTTP ${status}: check the role alias, and that the certificate is attached to thing ${thing} and may assume it`,
      );
    }
    const { credentials } = answerSchema.parse(JSON.parse(body));
    return { ...credentials, expiration: new Date(credentials.expiration) };
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    timer.cancel();
  }
}

function get(
  url: URL,
  thing: string,
  tls: DeviceCredentialsOptions['tls'],
  signal: AbortSignal,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    // A connection of its own: it is needed once an hour.
    const outgoing = request(url, {
      ...tls,
      agent: false,
      signal,
      headers: { 'x-amzn-iot-thingname': thing },
    });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      let body = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (part: string) => {
        body += part;
        if (body.length > MAX_ANSWER_BYTES) incoming.destroy(new Error('the answer is too long'));
      });
      incoming.on('error', reject);
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body }));
    });
    outgoing.end();
  });
}
