/**
 * A broker that stores and forwards: what it has taken (PUBACKed) it delivers to the cloud when the cloud is there,
 * usually. It may deliver late, twice, in another order, or forget what it took; it is trusted with nothing.
 */
import type { Ack } from '../../../protocol/link/ack.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import type { FaultBox } from '../faults/fault-kinds.ts';
import type { History } from '../history.ts';
import type { Carrier, Link, LinkMessage } from './link.ts';

/** What consumes at the other end: true when it took the message. */
export interface Consumer {
  readonly up: boolean;
  consume(message: LinkMessage): void;
}

interface BrokerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly faults: FaultBox;
  readonly history: History;
}

export class SimulatedBroker implements Carrier {
  readonly #parts: BrokerParts;
  readonly #links = new Map<string, Link>();
  #consumers: readonly Consumer[] = [];
  #up = true;
  /** Taken and not yet handed over, in order. */
  #queue: LinkMessage[] = [];
  /** Counts what it forgot: messages on their way belong to the memory they were taken in. */
  #memory = 0;

  constructor(parts: BrokerParts) {
    this.#parts = parts;
  }

  get up(): boolean {
    return this.#up;
  }

  connect(gateway: string, link: Link): void {
    this.#links.set(gateway, link);
  }

  serve(consumers: readonly Consumer[]): void {
    this.#consumers = consumers;
  }

  take(message: LinkMessage): void {
    const { faults, random } = this.#parts;
    if (faults.hits('forgotten-after-puback')) return;
    this.#forward(message, faults.hits('reordered') ? random.integer(500, 120_000) : random.integer(1, 30));
    for (let copies = faults.hits('duplicated') ? random.integer(1, 3) : 0; copies > 0; copies--) {
      this.#forward(message, random.integer(1, 600_000));
    }
  }

  /** Delivered once more: what was handed over and not taken. */
  again(message: LinkMessage, delayMs: number): void {
    this.#forward(message, delayMs);
  }

  /** Everything it holds is gone, though it said it had it. */
  forget(): void {
    this.#parts.history.note(`broker forgets ${this.#queue.length} waiting messages and all on their way`);
    this.#queue = [];
    this.#memory++;
  }

  stop(): void {
    this.#up = false;
    this.#parts.history.note('broker stops');
    for (const link of this.#links.values()) link.drop('broker gone');
  }

  start(): void {
    if (this.#up) return;
    this.#up = true;
    this.#parts.history.note('broker starts');
    this.flush();
  }

  /** Hands over what waits: the cloud is there (again). */
  flush(): void {
    for (const message of this.#queue.splice(0)) this.#hand(message);
  }

  /** From the cloud to the gateway. */
  returnAck(ack: Ack): void {
    const { clock, faults, random } = this.#parts;
    if (!this.#up || faults.hits('ack-lost')) return;
    const memory = this.#memory;
    const send = (delayMs: number) =>
      clock.setTimer(delayMs, 'ack', () => {
        if (this.#up && memory === this.#memory) this.#links.get(ack.gateway)?.deliverAck(ack);
      });
    send(faults.hits('ack-late') ? random.integer(500, 180_000) : random.integer(2, 60));
    if (faults.hits('ack-duplicated')) send(random.integer(1, 300_000));
  }

  #forward(message: LinkMessage, delayMs: number): void {
    const memory = this.#memory;
    this.#parts.clock.setTimer(delayMs, 'broker', () => {
      if (memory === this.#memory) this.#hand(message);
    });
  }

  #hand(message: LinkMessage): void {
    const ready = this.#consumers.filter((consumer) => consumer.up);
    if (!this.#up || ready.length === 0) this.#queue.push(message);
    else this.#parts.random.pick(ready).consume(message);
  }
}
