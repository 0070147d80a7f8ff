/**
 * MQTT topics between gateway and cloud. Lower case, broad to narrow, the gateway id in a fixed place so that a
 * broker can confine each gateway to its own. Ids match /^[a-z0-9][a-z0-9-]{0,47}$/ and are
 * none of RESERVED_IDS.
 */
import { findLane, type Lane } from '../events/lanes.ts';

const ROOT = 'tallyport/v1';
const ID = /^[a-z0-9][a-z0-9-]{0,47}$/;

/** Names of ours where an id may stand: addresses of the link, and the cloud's own name at a broker. */
export const RESERVED_IDS: ReadonlySet<string> = new Set(['enroll', 'renew', 'identity', 'tallyport-cloud']);

export function isGatewayId(id: string): boolean {
  return ID.test(id) && !RESERVED_IDS.has(id);
}

/** Gateway to cloud: batches of one lane. */
export const upTopic = (gateway: string, lane: Lane) => `${ROOT}/${gateway}/up/${lane}`;
/** Cloud to gateway: cumulative acks. */
export const ackTopic = (gateway: string) => `${ROOT}/${gateway}/ack`;
/** Gateway state, retained: `online` / `offline` (the will). */
export const stateTopic = (gateway: string) => `${ROOT}/${gateway}/state`;
/** What the cloud subscribes to. */
export const UP_FILTER = `${ROOT}/+/up/+`;
export const STATE_FILTER = `${ROOT}/+/state`;

type LinkTopic =
  | { kind: 'up'; gateway: string; lane: Lane }
  | { kind: 'ack'; gateway: string }
  | { kind: 'state'; gateway: string };

/** The parts of one of our topics; undefined for anything else. */
export function parseTopic(topic: string): LinkTopic | undefined {
  const [root, version, gateway, kind, lane, ...rest] = topic.split('/');
  if (`${root}/${version}` !== ROOT || gateway === undefined || !isGatewayId(gateway) || rest.length > 0) {
    return undefined;
  }
  if (kind === 'up') {
    const known = findLane(lane);
    return known === undefined ? undefined : { kind: 'up', gateway, lane: known };
  }
  if (lane !== undefined) return undefined;
  if (kind === 'ack' || kind === 'state') return { kind, gateway };
  return undefined;
}
