/**
 * What an AWS IoT rule put into the queue; PURE. The agreed SELECT is `encode(*, 'base64') AS payload, topic() AS
 * topic, clientid() AS client`, for batches, for the state topic and for the presence events alike. Who sent it is
 * the gateway of the topic: the policy of the certificate confines each to its own. `client` is the MQTT client id,
 * `n/a` when the message was published over HTTPS.
 */
import * as z from 'zod';
import type { Lane } from '../../../protocol/events/lanes.ts';
import { isGatewayId, parseTopic } from '../../../protocol/link/topics.ts';
import { type GatewayState, parseGatewayState } from '../gateway-state.ts';

const NO_CLIENT = 'n/a';
const PRESENCE = /^\$aws\/events\/presence\/(connected|disconnected)\/(.+)$/;
const STATES = { connected: 'online', disconnected: 'offline' } as const;

const bodySchema = z.object({
  payload: z.base64(),
  topic: z.string().min(1).max(512),
  client: z.string().max(256).default(NO_CLIENT),
});

export type RuleMessage =
  | { kind: 'batch'; gateway: string; lane: Lane; payload: Uint8Array; overHttps: boolean }
  /** `at`: when, epoch ms; undefined when only SQS knows. */
  | { kind: 'state'; gateway: string; state: GatewayState; at: number | undefined }
  /** Sound, but of no gateway: the presence of another client, say. */
  | { kind: 'foreign'; topic: string }
  | { kind: 'unreadable'; reason: string };

export function readRuleMessage(body: string): RuleMessage {
  const parsed = bodySchema.safeParse(jsonOf(body));
  if (!parsed.success) return { kind: 'unreadable', reason: z.prettifyError(parsed.error).slice(0, 300) };
  const { topic, client } = parsed.data;
  const payload = Buffer.from(parsed.data.payload, 'base64');
  const link = parseTopic(topic);
  if (link?.kind === 'up') {
    const { gateway, lane } = link;
    return { kind: 'batch', gateway, lane, payload, overHttps: client === NO_CLIENT };
  }
  if (link?.kind === 'state') {
    const state = parseGatewayState(payload);
    return state === undefined
      ? { kind: 'unreadable', reason: `no state on ${topic}` }
      : { kind: 'state', gateway: link.gateway, state, at: undefined };
  }
  return readPresence(topic, payload) ?? { kind: 'foreign', topic };
}

/** `$aws/events/presence/connected|disconnected/<clientId>` (AWS IoT developer guide, "Lifecycle events"). */
function readPresence(topic: string, payload: Buffer): RuleMessage | undefined {
  const [, event, clientId] = PRESENCE.exec(topic) ?? [];
  if (clientId === undefined || !isGatewayId(clientId)) return undefined;
  const body = jsonOf(payload.toString('utf8'));
  const at: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'timestamp') : undefined;
  return {
    kind: 'state',
    gateway: clientId,
    state: STATES[event as keyof typeof STATES],
    at: typeof at === 'number' ? at : undefined,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema says what is wrong with undefined.
    return undefined;
  }
}
