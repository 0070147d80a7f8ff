/**
 * The reserved MQTT topics of shadows: `$aws/things/<thing>/shadow[/name/<name>]/get|update|delete`, answered under
 * …/accepted and …/rejected, and what everybody may hear: …/update/delta and …/update/documents.
 */
import { AwsError } from '../service/aws-error.ts';
import type { JsonObject } from './shadow-document.ts';
import { isObject } from './shadow-document.ts';
import type { ShadowId, ShadowStore, UpdateOutcome } from './shadow-store.ts';

type ShadowOperation = 'get' | 'update' | 'delete';
type Say = (topic: string, body: JsonObject) => void;

const REQUEST = /^\$aws\/things\/([^/]+)\/shadow(?:\/name\/([^/]+))?\/(get|update|delete)$/;

interface ShadowRequest extends ShadowId {
  readonly operation: ShadowOperation;
}

export function shadowRequest(topic: string): ShadowRequest | undefined {
  const match = REQUEST.exec(topic);
  if (match?.[1] === undefined) return undefined;
  return { thing: match[1], shadow: match[2], operation: match[3] as ShadowOperation };
}

const baseTopic = ({ thing, shadow }: ShadowId) =>
  `$aws/things/${thing}/shadow${shadow === undefined ? '' : `/name/${shadow}`}`;

/** Does what a message on a request topic asks for and says how it went. */
export function answerShadowRequest(
  store: ShadowStore,
  request: ShadowRequest,
  payload: Uint8Array,
  say: Say,
  nowSeconds: number,
): void {
  const topic = `${baseTopic(request)}/${request.operation}`;
  try {
    if (request.operation === 'update') announceUpdate(request, store.update(request, payload), say);
    else say(`${topic}/accepted`, { ...store[request.operation](request), ...tokenOf(payload) });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    say(`${topic}/rejected`, {
      code: error.status,
      message: error.message,
      timestamp: nowSeconds,
      ...tokenOf(payload),
    });
  }
}

/** An accepted update is published to who listens, whether it came over MQTT or HTTPS. */
export function announceUpdate(id: ShadowId, outcome: UpdateOutcome, say: Say): void {
  const topic = `${baseTopic(id)}/update`;
  say(`${topic}/accepted`, outcome.accepted);
  if (outcome.delta !== undefined) say(`${topic}/delta`, outcome.delta);
  say(`${topic}/documents`, outcome.documents);
}

export function announceDelete(id: ShadowId, body: JsonObject, say: Say): void {
  say(`${baseTopic(id)}/delete/accepted`, body);
}

function tokenOf(payload: Uint8Array): { clientToken?: string } {
  try {
    const body: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    const token = isObject(body) ? body.clientToken : undefined;
    return typeof token === 'string' ? { clientToken: token } : {};
  } catch {
    // A body that is not JSON carries no token; the answer goes out all the same.
    return {};
  }
}
