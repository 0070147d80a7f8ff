/**
 * What the intake needs to stand in a NATS server, made or checked at each connect:
 *
 * - the stream of batches, a work queue: a batch is stored until one of the clouds says that it is committed. It is
 *   bounded in bytes, age, and batches of each lane, and full it refuses what is new: the broker's disk is bounded,
 *   no gateway crowds out another, and what is refused or expires is sent again by its gateway;
 * - one durable pull consumer that all clouds share. Its ack wait is how long a batch of a dead cloud waits for
 *   another one; a living cloud says "still working" more often than that;
 * - the stream of gateway states, of which only the last of each gateway is kept, like a retained MQTT message.
 *
 * An MQTT topic is the subject with dots for slashes (NATS documentation, MQTT, "topics and subjects").
 */
import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { MAX_BATCH_BYTES } from '../../../protocol/link/batch.ts';
import { ackTopic, STATE_FILTER, UP_FILTER } from '../../../protocol/link/topics.ts';

const NANOS_PER_MS = 1_000_000;
/** How long a batch of a cloud that died waits for another cloud. */
export const ACK_WAIT_MS = 5_000;
/** Batches in the hands of all clouds together: eight with full queues. */
const MAX_ACK_PENDING = 2048;
/** Of one lane of one gateway: four windows of a forwarder. */
const MAX_BATCHES_OF_LANE = 64;
/** A batch that nobody took for so long is on its way again from its gateway. */
const MAX_AGE_MS = 3_600_000;
/** The server counts subject and headers to a message's size; for MQTT it adds headers of its own. */
const MESSAGE_OVERHEAD_BYTES = 1024;

const subjectOf = (topic: string) => topic.replaceAll('/', '.').replaceAll('+', '*');
export const topicOf = (subject: string) => subject.replaceAll('.', '/');
export const ackSubject = (gateway: string) => subjectOf(ackTopic(gateway));
const UP_SUBJECTS = subjectOf(UP_FILTER);
const STATE_SUBJECTS = subjectOf(STATE_FILTER);

export interface JetStreamNames {
  readonly stream: string;
  readonly durable: string;
  readonly maxBytes: number;
  readonly replicas: number;
  /** Default ACK_WAIT_MS. */
  readonly ackWaitMs?: number;
}

export const stateStreamOf = ({ stream }: JetStreamNames) => `${stream}_STATE`;

type WantedResource<T> = Partial<T> & { name: string };

/** Throws with what stands in the way and what to do. */
export async function ensureLayout(manager: JetStreamManager, names: JetStreamNames): Promise<void> {
  await ensureStream(manager, {
    name: names.stream,
    subjects: [UP_SUBJECTS],
    retention: RetentionPolicy.Workqueue,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    discard_new_per_subject: true,
    max_msgs_per_subject: MAX_BATCHES_OF_LANE,
    max_msg_size: MAX_BATCH_BYTES + MESSAGE_OVERHEAD_BYTES,
    max_bytes: names.maxBytes,
    max_age: MAX_AGE_MS * NANOS_PER_MS,
    num_replicas: names.replicas,
  });
  await ensureStream(manager, {
    name: stateStreamOf(names),
    subjects: [STATE_SUBJECTS],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_msgs_per_subject: 1,
    max_msg_size: 1024,
    num_replicas: names.replicas,
  });
  await ensureConsumer(manager, names.stream, {
    name: names.durable,
    durable_name: names.durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: (names.ackWaitMs ?? ACK_WAIT_MS) * NANOS_PER_MS,
    max_ack_pending: MAX_ACK_PENDING,
    max_deliver: -1,
  });
}

async function ensureStream(manager: JetStreamManager, wanted: WantedResource<StreamConfig>): Promise<void> {
  const { name, subjects = [] } = wanted;
  const found = await absentIsUndefined(manager.streams.info(name));
  if (found === undefined) {
    await manager.streams.add(wanted);
    return;
  }
  const { config } = found;
  refuseOther(`stream ${name}`, 'subjects', config.subjects?.toSorted().join(), subjects.toSorted().join());
  refuseOther(`stream ${name}`, 'retention', config.retention, wanted.retention);
  refuseOther(`stream ${name}`, 'storage', config.storage, wanted.storage);
  if (differs(config, wanted)) await manager.streams.update(name, { ...config, ...wanted });
}

async function ensureConsumer(
  manager: JetStreamManager,
  stream: string,
  wanted: WantedResource<ConsumerConfig>,
): Promise<void> {
  const found = await absentIsUndefined(manager.consumers.info(stream, wanted.name));
  if (found === undefined) {
    await manager.consumers.add(stream, wanted);
    return;
  }
  const what = `consumer ${wanted.name} of stream ${stream}`;
  refuseOther(what, 'ack_policy', found.config.ack_policy, wanted.ack_policy);
  refuseOther(what, 'deliver_subject', found.config.deliver_subject, undefined);
  refuseOther(what, 'filter_subject', found.config.filter_subject || undefined, undefined);
  if (differs(found.config, wanted)) {
    await manager.consumers.update(stream, wanted.name, { ...found.config, ...wanted });
  }
}

function differs(found: object, wanted: object): boolean {
  return Object.entries(wanted).some(([key, value]) => String(Reflect.get(found, key)) !== String(value));
}

function refuseOther(what: string, setting: string, found: unknown, wanted: unknown): void {
  if (found === wanted) return;
  throw new Error(
    `${what} has ${setting} ${String(found)}, expected ${String(wanted)}: delete it, or name another in intake.jetstream`,
  );
}

/** JetStream API error codes: 10059 stream not found, 10014 consumer not found. */
const ABSENT = new Set([10_059, 10_014]);

async function absentIsUndefined<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
    if (typeof code === 'number' && ABSENT.has(code)) return undefined;
    throw error;
  }
}
