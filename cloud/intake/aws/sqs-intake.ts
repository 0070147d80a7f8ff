/**
 * The intake behind AWS IoT Core: rules put what gateways publish into an SQS queue, several receivers wait at it,
 * and acks go back over the IoT data plane.
 *
 * - A message is deleted only after the commit of its batch (or once it lies in the dead-letter table). What was not
 *   taken shows again after a pause; the ingest knows it by its keys, however often SQS delivers it.
 * - While the ingest takes nothing, the receivers pause too: a queue's redrive policy counts receives, and a database
 *   that is away must not push good batches into the dead-letter queue.
 * - What is no message of ours goes to `deadLetterQueueUrl` with the reason, or, without one, stays for the queue's
 *   redrive policy; it never blocks what is behind it.
 */
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import { backoffMs } from '../backoff.ts';
import { type DeliveryCounters, type DeliveryOutcome, DeliveryQueue } from '../delivery-queue.ts';
import type { Intake, IntakeHandlers } from '../intake.ts';
import { pauseFor } from '../pause.ts';
import { type AckCounters, AwsAcks, type DeliveryShadow } from './aws-acks.ts';
import { type IotCalls, type QueueCalls, type QueueMessage, troubleOf } from './aws-clients.ts';
import { GatewayPresence } from './gateway-presence.ts';
import { type RuleMessage, readRuleMessage } from './sqs-message.ts';

const RECEIVE = { most: 10, waitSeconds: 20 } as const;

export interface SqsIntakeOptions {
  readonly queueUrl: string;
  /** Requests that wait at the queue side by side, each for ten messages. */
  readonly receivers: number;
  /** How long a message is ours before SQS shows it to somebody else; longer than a slow commit. */
  readonly visibilitySeconds: number;
  readonly deadLetterQueueUrl?: string | undefined;
  readonly deliveryShadow: DeliveryShadow;
  readonly directAcks: boolean;
  /** Makes the clients, once. */
  readonly connect: () => Promise<{ queue: QueueCalls; iot: IotCalls }>;
  readonly clock: Clock;
  readonly random: Random;
  readonly onConnected?: () => void;
  readonly onTrouble?: (event: string, detail: Record<string, unknown>) => void;
}

interface SqsIntakeCounters extends DeliveryCounters, AckCounters {
  messagesReceived: number;
  messagesDeleted: number;
  /** Come again after a pause. */
  messagesReleased: number;
  messagesDeadLettered: number;
  /** Left to the redrive policy of the queue. */
  messagesUnreadable: number;
  foreignMessages: number;
}

interface OpenSqsIntake {
  readonly queue: QueueCalls;
  readonly iot: IotCalls;
  readonly acks: AwsAcks;
  readonly presence: GatewayPresence;
}

/** What becomes of a received message. */
type Fate = 'delete' | 'release' | 'leave';

export class SqsIntake implements Intake {
  readonly #options: SqsIntakeOptions;
  readonly #counts = {
    messagesReceived: 0,
    messagesDeleted: 0,
    messagesReleased: 0,
    messagesDeadLettered: 0,
    messagesUnreadable: 0,
    foreignMessages: 0,
  };
  readonly #stop = new AbortController();
  #open: OpenSqsIntake | undefined;
  #deliveries: DeliveryQueue | undefined;
  #running: Promise<void> | undefined;
  #state = 'closed';
  /** Pauses in a row; all receivers share each. */
  #failures = 0;
  #pause: Promise<void> | undefined;

  constructor(options: SqsIntakeOptions) {
    this.#options = options;
  }

  get state(): string {
    return this.#state;
  }

  get counters(): SqsIntakeCounters {
    const deliveries = this.#deliveries?.counters ?? { delivered: 0, failed: 0, held: 0 };
    const acks = this.#open?.acks.counters ?? {
      acksPublished: 0,
      acksMerged: 0,
      acksDropped: 0,
      shadowsWritten: 0,
      iotThrottled: 0,
    };
    return { ...deliveries, ...acks, ...this.#counts };
  }

  /** Begins to receive; a queue that cannot be reached yet is no error. */
  async start(handlers: IntakeHandlers): Promise<void> {
    this.#state = `connecting to ${this.#options.queueUrl}`;
    this.#deliveries = new DeliveryQueue({
      handler: handlers.onDelivery,
      onFailure: ({ gateway, lane }, error) => this.#trouble('delivery-failed', { gateway, lane, error }),
    });
    this.#running = this.#run(handlers);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#deliveries?.close();
    await this.#running;
    await this.#open?.acks.close();
    this.#open?.queue.close();
    this.#open?.iot.close();
    this.#state = 'closed';
  }

  async #run(handlers: IntakeHandlers): Promise<void> {
    const open = await this.#connect(handlers);
    if (open === undefined) return;
    const receivers = Array.from({ length: this.#options.receivers }, () => this.#receiveForEver(open));
    await Promise.all(receivers);
  }

  /** Until the queue answers, or we are closed. */
  async #connect(handlers: IntakeHandlers): Promise<OpenSqsIntake | undefined> {
    while (!this.#stop.signal.aborted) {
      try {
        const { queue, iot } = this.#open ?? (await this.#options.connect());
        const { clock, random, deliveryShadow, directAcks: direct } = this.#options;
        const onTrouble = (event: string, detail: Record<string, unknown>) => this.#trouble(event, detail);
        this.#open ??= {
          queue,
          iot,
          acks: new AwsAcks({ iot, clock, random, deliveryShadow, direct, onTrouble }),
          presence: new GatewayPresence(iot, clock, handlers.onGatewayState),
        };
        await this.#checkRedrive(queue);
        this.#connected();
        return this.#open;
      } catch (error) {
        await this.#waitAfter(error);
      }
    }
    return undefined;
  }

  async #checkRedrive(queue: QueueCalls): Promise<void> {
    const { queueUrl, deadLetterQueueUrl } = this.#options;
    if (!(await queue.hasRedrive()) && deadLetterQueueUrl === undefined) {
      this.#trouble('queue-without-dead-letters', {
        queueUrl,
        advice:
          'give the queue a redrive policy, or set intake.aws.deadLetterQueueUrl: what cannot be read circulates',
      });
    }
  }

  async #receiveForEver(open: OpenSqsIntake): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#deliveries?.room();
      try {
        const messages = await open.queue.receive(
          { ...RECEIVE, visibilitySeconds: this.#options.visibilitySeconds },
          signal,
        );
        this.#counts.messagesReceived += messages.length;
        const taken = await this.#takeAll(open, messages);
        if (!taken) await this.#waitAfter(new Error('the ingest does not take batches'));
        else if (this.#failures > 0) this.#connected();
      } catch (error) {
        if (!signal.aborted) await this.#waitAfter(error);
      }
    }
  }

  /** False when one of them was not taken. */
  async #takeAll(open: OpenSqsIntake, messages: readonly QueueMessage[]): Promise<boolean> {
    // In the order received: the queue of deliveries keeps the order of each lane.
    const fates = await Promise.all(messages.map((message) => this.#take(open, message)));
    const handles = (fate: Fate) =>
      messages.filter((_message, index) => fates[index] === fate).map(({ receiptHandle }) => receiptHandle);
    const done = handles('delete');
    const again = handles('release');
    if (done.length > 0) {
      const left = await open.queue.delete(done);
      this.#counts.messagesDeleted += done.length - left;
    }
    if (again.length > 0) {
      this.#counts.messagesReleased += again.length;
      // When we leave, another cloud may have them at once.
      const waitMs = this.#stop.signal.aborted ? 0 : backoffMs(this.#failures + 1, this.#options.random);
      await open.queue.release(again, Math.ceil(waitMs / 1000));
    }
    return again.length === 0;
  }

  async #take(open: OpenSqsIntake, { body, sentAt }: QueueMessage): Promise<Fate> {
    const message = readRuleMessage(body);
    switch (message.kind) {
      case 'batch':
        return this.#deliver(open, message);
      case 'state':
        await open.presence.onState(message.gateway, message.state, message.at ?? sentAt);
        return 'delete';
      case 'foreign':
        this.#counts.foreignMessages += 1;
        return 'delete';
      case 'unreadable':
        return this.#setAside(open, body, message.reason);
    }
  }

  async #deliver(
    { acks, presence }: OpenSqsIntake,
    { gateway, lane, payload, overHttps }: Extract<RuleMessage, { kind: 'batch' }>,
  ): Promise<Fate> {
    const deliveries = this.#deliveries;
    let outcome: Promise<DeliveryOutcome> | undefined;
    while (outcome === undefined) {
      outcome = deliveries?.submit({ gateway, lane, payload });
      if (outcome === undefined) await deliveries?.room();
    }
    const ended = await outcome;
    // No will and no presence event speaks for a gateway that publishes over HTTPS.
    if (overHttps && ended.kind !== 'not-taken') presence.heard(gateway);
    switch (ended.kind) {
      case 'taken':
        acks.send(ended.ack, overHttps);
        return 'delete';
      case 'refused':
        return 'delete';
      case 'not-taken':
        return 'release';
    }
  }

  async #setAside({ queue }: OpenSqsIntake, body: string, reason: string): Promise<Fate> {
    const { deadLetterQueueUrl } = this.#options;
    this.#trouble('unreadable-message', { reason, body: body.slice(0, 200) });
    if (deadLetterQueueUrl === undefined) {
      this.#counts.messagesUnreadable += 1;
      return 'leave';
    }
    await queue.send(deadLetterQueueUrl, JSON.stringify({ reason, body }));
    this.#counts.messagesDeadLettered += 1;
    return 'delete';
  }

  #connected(): void {
    this.#failures = 0;
    this.#state = `receiving from ${this.#options.queueUrl}`;
    this.#options.onConnected?.();
  }

  /** What fails one receiver fails them all: they wait together, and one trouble is reported. */
  #waitAfter(error: unknown): Promise<void> {
    this.#pause ??= this.#pauseAfter(error).finally(() => {
      this.#pause = undefined;
    });
    return this.#pause;
  }

  #pauseAfter(error: unknown): Promise<void> {
    this.#failures += 1;
    const waitMs = backoffMs(this.#failures, this.#options.random);
    const reason = error instanceof Error ? error.message || error.name : String(error);
    this.#state = `waiting ${Math.ceil(waitMs / 1000)} s for ${this.#options.queueUrl}: ${reason}`;
    this.#trouble('intake-disconnected', { reason, trouble: troubleOf(error), waitMs });
    return pauseFor(this.#options.clock, waitMs, this.#stop.signal);
  }

  #trouble(event: string, detail: Record<string, unknown>): void {
    this.#options.onTrouble?.(event, detail);
  }
}
