/** What a client may not publish at all: AWS ends the connection for it. Counts what it finds. */
import type { PublishPacket } from 'aedes';
import { mayDo, type Place, type Principal } from '../identity/principal.ts';
import type { AwsCounters, Quotas } from '../service/quotas.ts';
import { basicIngest, countedSlashes } from '../service/topics.ts';

interface PublishLimits {
  readonly quotas: Quotas;
  readonly counters: AwsCounters;
  readonly place: Place;
}

/** Why the connection ends, in the words of `disconnectReason`; undefined when it does not. */
export function publishFault(
  { topic, qos, retain }: PublishPacket,
  payload: Uint8Array,
  clientId: string,
  principal: Principal,
  { quotas, counters, place }: PublishLimits,
): 'CLIENT_ERROR' | 'FORBIDDEN_ACCESS' | undefined {
  if (qos === 2) {
    counters.qos2Refused += 1;
    return 'CLIENT_ERROR';
  }
  if (payload.length > quotas.payloadBytes) {
    counters.payloadsTooLarge += 1;
    return 'CLIENT_ERROR';
  }
  const name = basicIngest(topic)?.topic ?? topic;
  if (countedSlashes(topic) > quotas.topicSlashes || Buffer.byteLength(name) > quotas.topicBytes) {
    counters.topicsTooDeep += 1;
    return 'CLIENT_ERROR';
  }
  const actions = retain ? ['iot:Publish', 'iot:RetainPublish'] : ['iot:Publish'];
  const resource = `topic/${topic}`;
  if (actions.every((action) => mayDo(principal, place, { action, resource, clientId }))) return undefined;
  counters.policyRefusals += 1;
  return 'FORBIDDEN_ACCESS';
}
