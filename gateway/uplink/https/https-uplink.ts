/**
 * The uplink to the cloud's own intake over HTTPS, for sites where only port 443 leaves the building:
 * `POST /link/v1/{gateway}/{lane}`, the batch as on MQTT, the ack in the answer; `POST /link/v1/{gateway}/state` says
 * that the gateway is there, or leaves. Connections are kept alive.
 *
 * Proxy: with `proxyFromEnvironment` HTTPS_PROXY, HTTP_PROXY and NO_PROXY are followed (Node's Agent `proxyEnv`).
 * Redirects are not followed: a token goes only where the configuration says.
 */
import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent, request } from 'node:https';
import type { Lane } from '../../../protocol/events/lanes.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import { readAck } from '../ack-message.ts';
import type { PauseLimits } from '../carrier-pause.ts';
import { HttpCarrier, type HttpExchange, type SendOutcome } from '../http-carrier.ts';
import type { Uplink } from '../uplink.ts';

export interface HttpsUplinkOptions {
  readonly gateway: string;
  /** `https://cloud.example` (a path in front of /link is kept); `http://` for loopback and tests. */
  readonly url: string;
  readonly token: string;
  readonly tls?: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
  readonly proxyFromEnvironment?: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly backoffMs?: PauseLimits;
  readonly answerTimeoutMs?: number;
}

const MAX_ANSWER_BYTES = 64 * 1024;
const IDLE_SOCKET_MS = 50_000;

export function createHttpsUplink(options: HttpsUplinkOptions): Uplink {
  const { clock, random, backoffMs, answerTimeoutMs } = options;
  return new HttpCarrier(new LinkExchange(options), {
    clock,
    random,
    ...(backoffMs === undefined ? {} : { backoffMs }),
    ...(answerTimeoutMs === undefined ? {} : { answerTimeoutMs }),
  });
}

interface UplinkAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: Buffer;
}

class LinkExchange implements HttpExchange {
  readonly #options: HttpsUplinkOptions;
  readonly #base: URL;
  #agent: Agent | PlainAgent | undefined;
  readonly address: string;

  constructor(options: HttpsUplinkOptions) {
    this.#options = options;
    this.#base = new URL(options.url);
    this.address = `${this.#base.protocol}//${this.#base.host}`;
  }

  async send(lane: Lane, payload: Uint8Array, signal: AbortSignal): Promise<SendOutcome> {
    const answer = await this.#post(lane, 'application/octet-stream', payload, signal);
    return judge(answer, this.#options.clock.now());
  }

  async greet(signal: AbortSignal): Promise<SendOutcome> {
    const answer = await this.#post('state', 'text/plain', Buffer.from('online'), signal);
    if (answer.status === 204) return { kind: 'taken', acks: [], malformed: false };
    return judge(answer, this.#options.clock.now());
  }

  async leave(signal: AbortSignal): Promise<void> {
    await this.#post('state', 'text/plain', Buffer.from('offline'), signal);
  }

  reset(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  #post(what: Lane | 'state', type: string, payload: Uint8Array, signal: AbortSignal): Promise<UplinkAnswer> {
    const { gateway, token } = this.#options;
    const prefix = this.#base.pathname.replace(/\/+$/, '');
    const url = new URL(`${prefix}/link/v1/${encodeURIComponent(gateway)}/${what}`, this.#base);
    const isPlain = url.protocol === 'http:';
    this.#agent ??= this.#createAgent(isPlain);
    const agent = this.#agent;
    return new Promise((resolve, reject) => {
      const call = isPlain ? plainRequest : request;
      const outgoing = call(url, {
        method: 'POST',
        agent,
        signal,
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': type,
          'content-length': payload.length,
        },
      });
      outgoing.on('error', reject);
      outgoing.on('response', (incoming) => {
        collect(incoming).then(
          (body) =>
            resolve({
              status: incoming.statusCode ?? 0,
              retryAfter: incoming.headers['retry-after'],
              body,
            }),
          reject,
        );
      });
      outgoing.end(payload);
    });
  }

  #createAgent(isPlain: boolean): Agent | PlainAgent {
    const { tls, proxyFromEnvironment } = this.#options;
    const shared = {
      keepAlive: true,
      timeout: IDLE_SOCKET_MS,
      ...(proxyFromEnvironment === true ? { proxyEnv: process.env } : {}),
    };
    return isPlain ? new PlainAgent(shared) : new Agent({ ...shared, ...tls });
  }
}

async function collect(incoming: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of incoming) {
    const chunk: Buffer = part;
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

function judge(answer: UplinkAnswer, nowMs: number): SendOutcome {
  const { status, body } = answer;
  const afterMs = retryAfterMs(answer.retryAfter, nowMs);
  const notNow = (words: string): SendOutcome => ({ kind: 'not-now', words, afterMs });
  switch (status) {
    case 200: {
      const ack = readAck(body);
      return { kind: 'taken', acks: ack === undefined ? [] : [ack], malformed: ack === undefined };
    }
    case 202:
      return { kind: 'refused', words: 'the cloud put the batch aside as unreadable' };
    case 401:
      return notNow('the cloud does not know this gateway’s token: revoked, or the wrong one (HTTP 401)');
    case 403:
      return notNow('the token belongs to another gateway: check gateway.id and tokenFile (HTTP 403)');
    case 404:
      return notNow('there is no Tallyport intake at this address: check uplink.url (HTTP 404)');
    case 407:
      return notNow('the proxy wants a sign-in: put it into HTTPS_PROXY (HTTP 407)');
    case 413:
      return { kind: 'too-large', words: 'the batch is too large for the server or a proxy (HTTP 413)' };
    case 429:
      return notNow('the cloud asks to slow down (HTTP 429)');
    case 503:
      return notNow('the cloud takes nothing now (HTTP 503)');
    default:
      return notNow(`unexpected answer: HTTP ${status}`);
  }
}

/** Seconds or a date (RFC 9110 section 10.2.3); undefined when there is none, or nonsense. */
export function retryAfterMs(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
