/**
 * A standard SQS queue: at least once, visibility timeouts, redrive to a dead-letter queue, retention. By option it
 * does what the real one may do any day: hand a message out twice, and out of order.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import type { AwsCounters } from '../service/quotas.ts';

/** What a queue holds at most; the real one holds without end. */
const MAX_QUEUE_BYTES = 256 * 1024 * 1024;
/** AWS: 120,000 messages in flight per standard queue. */
const MAX_IN_FLIGHT = 120_000;

export interface QueueSettings {
  readonly visibilityTimeoutSeconds: number;
  readonly retentionSeconds: number;
  readonly waitSeconds: number;
  readonly delaySeconds: number;
  readonly redrive?: { readonly queue: string; readonly maxReceiveCount: number };
}

export const DEFAULT_SETTINGS: QueueSettings = {
  visibilityTimeoutSeconds: 30,
  retentionSeconds: 345_600,
  waitSeconds: 0,
  delaySeconds: 0,
};

/** How often (0 to 1) the queue delivers again what it delivered, and another message than the oldest. */
export interface Mischief {
  readonly duplicate: number;
  readonly reorder: number;
  readonly random: Random;
}

interface StoredMessage {
  readonly id: string;
  readonly body: string;
  readonly md5: string;
  readonly sentAt: number;
  receiveCount: number;
  firstReceivedAt: number | undefined;
}

export interface ReceivedSqsMessage extends StoredMessage {
  readonly receiptHandle: string;
}

interface InFlight {
  readonly message: StoredMessage;
  visibleAt: number;
}

interface QueuePorts {
  readonly clock: Clock;
  readonly counters: AwsCounters;
  readonly mischief?: Mischief;
  /** Where to put a message that was received too often; undefined when there is no such queue. */
  deadLetter(queue: string): Queue | undefined;
}

export class Queue {
  readonly name: string;
  settings: QueueSettings;
  readonly #ports: QueuePorts;
  #ready: StoredMessage[] = [];
  readonly #inFlight = new Map<string, InFlight>();
  readonly #delayed = new Map<StoredMessage, number>();
  #bytes = 0;
  #nextDue = Number.POSITIVE_INFINITY;
  #onChange: (() => void) | undefined;

  constructor(name: string, settings: QueueSettings, ports: QueuePorts) {
    this.name = name;
    this.settings = settings;
    this.#ports = ports;
  }

  /** Called when something may have become receivable, or is due sooner; never from within `receive`. */
  set onChange(task: () => void) {
    this.#onChange = task;
  }

  get counts(): { visible: number; inFlight: number; delayed: number } {
    this.#sweep();
    return { visible: this.#ready.length, inFlight: this.#inFlight.size, delayed: this.#delayed.size };
  }

  /** When the next hidden message shows again, epoch ms; Infinity for never. */
  get nextDue(): number {
    return this.#nextDue;
  }

  /** Undefined when the queue is full. */
  send(body: string, delaySeconds = this.settings.delaySeconds): StoredMessage | undefined {
    const message: StoredMessage = {
      id: randomUUID(),
      body,
      md5: createHash('md5').update(body).digest('hex'),
      sentAt: this.#ports.clock.now(),
      receiveCount: 0,
      firstReceivedAt: undefined,
    };
    return this.#accept(message, delaySeconds) ? message : undefined;
  }

  receive(most: number, visibilitySeconds = this.settings.visibilityTimeoutSeconds): ReceivedSqsMessage[] {
    this.#sweep();
    const received: ReceivedSqsMessage[] = [];
    while (received.length < most && this.#inFlight.size < MAX_IN_FLIGHT) {
      const message = this.#next();
      if (message === undefined) break;
      if (this.#redriven(message)) continue;
      received.push(this.#handOut(message, visibilitySeconds));
    }
    return received;
  }

  /** False when the handle names nothing that is in flight: deleted already, or shown again since. */
  delete(receiptHandle: string): boolean {
    const found = this.#inFlight.get(receiptHandle);
    if (found === undefined) return false;
    this.#inFlight.delete(receiptHandle);
    this.#bytes -= found.message.body.length;
    this.#ports.counters.sqsDeleted += 1;
    return true;
  }

  /** False when the message is not in flight under this handle. */
  changeVisibility(receiptHandle: string, seconds: number): boolean {
    const found = this.#inFlight.get(receiptHandle);
    if (found === undefined) return false;
    found.visibleAt = this.#ports.clock.now() + seconds * 1000;
    this.#due(found.visibleAt);
    return true;
  }

  purge(): void {
    this.#ready = [];
    this.#inFlight.clear();
    this.#delayed.clear();
    this.#bytes = 0;
  }

  #accept(message: StoredMessage, delaySeconds: number): boolean {
    if (this.#bytes + message.body.length > MAX_QUEUE_BYTES) {
      this.#ports.counters.sqsDropped += 1;
      return false;
    }
    this.#bytes += message.body.length;
    if (delaySeconds > 0) {
      const at = this.#ports.clock.now() + delaySeconds * 1000;
      this.#delayed.set(message, at);
      this.#due(at);
    } else {
      this.#ready.push(message);
      this.#onChange?.();
    }
    return true;
  }

  #next(): StoredMessage | undefined {
    const { mischief } = this.#ports;
    if (mischief !== undefined && this.#ready.length > 1 && mischief.random.next() < mischief.reorder) {
      return this.#ready.splice(mischief.random.integer(0, this.#ready.length - 1), 1)[0];
    }
    return this.#ready.shift();
  }

  #redriven(message: StoredMessage): boolean {
    const { redrive } = this.settings;
    if (redrive === undefined || message.receiveCount < redrive.maxReceiveCount) return false;
    const target = this.#ports.deadLetter(redrive.queue);
    if (target === undefined || !target.#accept(message, 0)) return false;
    this.#bytes -= message.body.length;
    this.#ports.counters.sqsDeadLettered += 1;
    return true;
  }

  #handOut(message: StoredMessage, visibilitySeconds: number): ReceivedSqsMessage {
    const { clock, counters, mischief } = this.#ports;
    message.receiveCount += 1;
    message.firstReceivedAt ??= clock.now();
    const receiptHandle = randomUUID();
    const visibleAt = clock.now() + visibilitySeconds * 1000;
    this.#inFlight.set(receiptHandle, { message, visibleAt });
    this.#nextDue = Math.min(this.#nextDue, visibleAt);
    counters.sqsReceived += 1;
    if (mischief !== undefined && mischief.random.next() < mischief.duplicate) {
      // A server that missed the delivery: it hands out the same message again, whatever becomes of this one.
      this.#bytes += message.body.length;
      this.#ready.push({ ...message });
      counters.sqsDuplicated += 1;
    }
    return { ...message, receiptHandle };
  }

  /** What is due shows again; what is too old goes. */
  #sweep(): void {
    const now = this.#ports.clock.now();
    if (now >= this.#nextDue) {
      this.#nextDue = Number.POSITIVE_INFINITY;
      for (const [handle, { message, visibleAt }] of this.#inFlight) {
        if (visibleAt > now) this.#nextDue = Math.min(this.#nextDue, visibleAt);
        else {
          this.#inFlight.delete(handle);
          this.#ready.push(message);
        }
      }
      for (const [message, at] of this.#delayed) {
        if (at > now) this.#nextDue = Math.min(this.#nextDue, at);
        else {
          this.#delayed.delete(message);
          this.#ready.push(message);
        }
      }
    }
    const oldest = now - this.settings.retentionSeconds * 1000;
    while (this.#ready[0] !== undefined && this.#ready[0].sentAt < oldest) {
      this.#bytes -= this.#ready.shift()?.body.length ?? 0;
      this.#ports.counters.sqsDropped += 1;
    }
  }

  #due(at: number): void {
    if (at >= this.#nextDue) return;
    this.#nextDue = at;
    this.#onChange?.();
  }
}
