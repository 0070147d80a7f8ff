/** All queues of the account, and who waits at them: long polling, with time from the clock. */
import type { Clock, Timer } from '../../../protocol/ports/clock.ts';
import type { AwsCounters } from '../service/quotas.ts';
import {
  DEFAULT_SETTINGS,
  type Mischief,
  Queue,
  type QueueSettings,
  type ReceivedSqsMessage,
} from './queue.ts';

const MAX_QUEUES = 1000;
/** Receivers waiting at one queue at once. */
const MAX_WAITING = 1000;

interface Receive {
  readonly most: number;
  readonly waitSeconds: number;
  readonly visibilitySeconds: number | undefined;
  /** The caller went away: nothing must be handed to it any more. */
  readonly gone: AbortSignal;
}

interface WaitingReceiver {
  readonly receive: Receive;
  readonly answer: (messages: ReceivedSqsMessage[]) => void;
}

interface QueueLine {
  readonly queue: Queue;
  readonly waiting: Set<WaitingReceiver>;
  timer: Timer | undefined;
}

export class Queues {
  readonly #clock: Clock;
  readonly #counters: AwsCounters;
  readonly #mischief: Mischief | undefined;
  readonly #lines = new Map<string, QueueLine>();

  constructor(clock: Clock, counters: AwsCounters, mischief?: Mischief) {
    this.#clock = clock;
    this.#counters = counters;
    this.#mischief = mischief;
  }

  get(name: string): Queue | undefined {
    return this.#lines.get(name)?.queue;
  }

  get names(): string[] {
    return [...this.#lines.keys()];
  }

  /** The queue of this name; the settings count only when it is made. Undefined when there are too many. */
  create(name: string, settings: Partial<QueueSettings> = {}): Queue | undefined {
    const known = this.get(name);
    if (known !== undefined || this.#lines.size >= MAX_QUEUES) return known;
    const queue = new Queue(
      name,
      { ...DEFAULT_SETTINGS, ...settings },
      {
        clock: this.#clock,
        counters: this.#counters,
        ...(this.#mischief !== undefined && { mischief: this.#mischief }),
        deadLetter: (target) => this.get(target),
      },
    );
    const line: QueueLine = { queue, waiting: new Set(), timer: undefined };
    queue.onChange = () => this.#serve(line);
    this.#lines.set(name, line);
    return queue;
  }

  /** Messages at once, or as soon as there are some, or none when the wait is over. */
  receive(queue: Queue, receive: Receive): Promise<ReceivedSqsMessage[]> {
    const line = this.#lines.get(queue.name);
    const messages = queue.receive(receive.most, receive.visibilitySeconds);
    if (line !== undefined && line.waiting.size > 0) this.#serve(line);
    if (messages.length > 0 || receive.waitSeconds === 0 || receive.gone.aborted || line === undefined) {
      return Promise.resolve(messages);
    }
    if (line.waiting.size >= MAX_WAITING) return Promise.resolve([]);
    return new Promise((resolve) => {
      const settle = (found: ReceivedSqsMessage[]) => {
        line.waiting.delete(waiting);
        limit.cancel();
        receive.gone.removeEventListener('abort', leave);
        resolve(found);
      };
      const leave = () => settle([]);
      const waiting: WaitingReceiver = { receive, answer: settle };
      const limit = this.#clock.setTimer(receive.waitSeconds * 1000, 'sqs long poll', leave);
      receive.gone.addEventListener('abort', leave);
      line.waiting.add(waiting);
      this.#watch(line);
    });
  }

  close(): void {
    for (const line of this.#lines.values()) {
      line.timer?.cancel();
      for (const { answer } of [...line.waiting]) answer([]);
    }
  }

  #serve(line: QueueLine): void {
    for (const { receive, answer } of [...line.waiting]) {
      const messages = line.queue.receive(receive.most, receive.visibilitySeconds);
      if (messages.length === 0) break;
      answer(messages);
    }
    this.#watch(line);
  }

  /** Somebody waits and something is hidden: look again when it shows. */
  #watch(line: QueueLine): void {
    line.timer?.cancel();
    line.timer = undefined;
    const due = line.queue.nextDue;
    if (line.waiting.size === 0 || due === Number.POSITIVE_INFINITY) return;
    const waitMs = Math.max(1, due - this.#clock.now());
    line.timer = this.#clock.setTimer(waitMs, 'sqs visibility', () => this.#serve(line));
  }
}
