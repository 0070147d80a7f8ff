/**
 * Acks to gateways behind AWS IoT: a publish to the ack topic, and for gateways that publish over HTTPS (and so
 * cannot subscribe) the named shadow `delivery`, which they poll. Acks are cumulative, so only the newest of each
 * lane is kept: while one publish of a gateway is under way the next ones merge, and the shadow is written at most
 * once per two seconds. What cannot be sent is dropped after a few attempts: the gateway sends again and is acked
 * again.
 */
import type { Ack } from '../../../protocol/link/ack.ts';
import { ackTopic } from '../../../protocol/link/topics.ts';
import type { Clock, Timer } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import { backoffMs } from '../backoff.ts';
import { pauseFor } from '../pause.ts';
import { type IotCalls, troubleOf } from './aws-clients.ts';

export const DELIVERY_SHADOW = 'delivery';
/** Between two writes of one gateway's shadow. */
const SHADOW_EVERY_MS = 2000;
/** Gateways with acks waiting; beyond it acks are dropped, which the gateways survive. */
export const MAX_GATEWAYS_WAITING = 5000;
/** Lanes and epochs of one gateway with an ack waiting; the oldest goes. */
const MAX_ACKS_WAITING = 16;
/** Requests under way. */
const MAX_IN_FLIGHT = 32;
const MAX_ATTEMPTS = 6;

export interface AckCounters {
  acksPublished: number;
  /** Replaced by a newer one of the same lane before they went out. */
  acksMerged: number;
  acksDropped: number;
  shadowsWritten: number;
  iotThrottled: number;
}

/** When the shadow is written: for gateways that publish over HTTPS, for all, or not at all. */
export type DeliveryShadow = 'over-https' | 'always' | 'never';

export interface AwsAcksOptions {
  readonly iot: IotCalls;
  readonly clock: Clock;
  readonly random: Random;
  readonly deliveryShadow: DeliveryShadow;
  /** Directly to the client, without subscription, where the account offers it; else as a publish. */
  readonly direct: boolean;
  readonly onTrouble: (event: string, detail: Record<string, unknown>) => void;
}

/** The newest ack of each lane that has not gone out. */
type LaneAcks = Map<string, Ack>;

interface Outbox {
  publishing: boolean;
  toPublish: LaneAcks;
  toShadow: LaneAcks;
  shadowTimer: Timer | undefined;
  shadowAt: number;
  writing: boolean;
}

export class AwsAcks {
  readonly counters: AckCounters = {
    acksPublished: 0,
    acksMerged: 0,
    acksDropped: 0,
    shadowsWritten: 0,
    iotThrottled: 0,
  };
  readonly #options: AwsAcksOptions;
  readonly #outboxes = new Map<string, Outbox>();
  readonly #work = new Set<Promise<void>>();
  #forTurn: (() => void)[] = [];
  #inFlight = 0;
  /** Throttled requests in a row, of any gateway: everybody waits longer. */
  #throttledInRow = 0;
  #directOffered = true;
  readonly #stop = new AbortController();

  constructor(options: AwsAcksOptions) {
    this.#options = options;
  }

  /** `overHttps`: the batch did not come over MQTT, so the gateway may not hear the ack topic. */
  send(ack: Ack, overHttps: boolean): void {
    if (this.#stop.signal.aborted) return;
    const outbox = this.#outbox(ack.gateway);
    if (outbox === undefined) {
      this.counters.acksDropped += 1;
      return;
    }
    this.#put(outbox.toPublish, ack);
    if (!outbox.publishing) this.#run(this.#publish(ack.gateway, outbox));
    const { deliveryShadow } = this.#options;
    if (deliveryShadow === 'always' || (deliveryShadow === 'over-https' && overHttps)) {
      outbox.toShadow.set(ack.lane, ack);
      this.#writeShadowLater(ack.gateway, outbox);
    }
  }

  /** What waits is dropped; resolves when nothing is under way any more. */
  async close(): Promise<void> {
    this.#stop.abort();
    for (const { shadowTimer } of this.#outboxes.values()) shadowTimer?.cancel();
    for (const go of this.#forTurn.splice(0)) go();
    await Promise.all(this.#work);
    this.#outboxes.clear();
  }

  #outbox(gateway: string): Outbox | undefined {
    const known = this.#outboxes.get(gateway);
    if (known !== undefined || this.#outboxes.size >= MAX_GATEWAYS_WAITING) return known;
    const outbox: Outbox = {
      publishing: false,
      toPublish: new Map(),
      toShadow: new Map(),
      shadowTimer: undefined,
      shadowAt: Number.NEGATIVE_INFINITY,
      writing: false,
    };
    this.#outboxes.set(gateway, outbox);
    return outbox;
  }

  #put(acks: LaneAcks, ack: Ack): void {
    // An epoch that was refused stays said beside the lane's new one.
    const key = `${ack.lane}/${ack.epoch}`;
    if (acks.has(key)) this.counters.acksMerged += 1;
    acks.set(key, ack);
    const [oldest] = acks.keys();
    if (acks.size <= MAX_ACKS_WAITING || oldest === undefined) return;
    acks.delete(oldest);
    this.counters.acksDropped += 1;
  }

  #run(work: Promise<void>): void {
    const tracked: Promise<void> = work.finally(() => {
      this.#work.delete(tracked);
    });
    this.#work.add(tracked);
  }

  async #publish(gateway: string, outbox: Outbox): Promise<void> {
    outbox.publishing = true;
    while (outbox.toPublish.size > 0 && !this.#stop.signal.aborted) {
      const [entry] = outbox.toPublish;
      if (entry === undefined) break;
      const [key, ack] = entry;
      outbox.toPublish.delete(key);
      const sent = await this.#attempt('ack-not-sent', gateway, () => this.#sendOne(ack));
      if (sent) this.counters.acksPublished += 1;
      else this.counters.acksDropped += 1;
    }
    outbox.publishing = false;
    this.#forgetIdle(gateway, outbox);
  }

  async #sendOne(ack: Ack): Promise<void> {
    const { iot, direct } = this.#options;
    const topic = ackTopic(ack.gateway);
    const payload = JSON.stringify(ack);
    if (direct && this.#directOffered) {
      try {
        await iot.publishDirectly(ack.gateway, topic, payload);
        return;
      } catch (error) {
        const trouble = troubleOf(error);
        if (trouble !== 'absent' && trouble !== 'refused') throw error;
        // Not connected (a publish finds whoever subscribes), or not offered here: never asked again then.
        if (trouble === 'refused') this.#directOffered = false;
      }
    }
    await iot.publish(topic, payload);
  }

  #writeShadowLater(gateway: string, outbox: Outbox): void {
    if (outbox.shadowTimer !== undefined || outbox.writing || this.#stop.signal.aborted) return;
    const waitMs = Math.max(0, outbox.shadowAt + SHADOW_EVERY_MS - this.#options.clock.monotonicMs());
    outbox.shadowTimer = this.#options.clock.setTimer(waitMs, 'delivery shadow', () => {
      outbox.shadowTimer = undefined;
      this.#run(this.#writeShadow(gateway, outbox));
    });
  }

  async #writeShadow(gateway: string, outbox: Outbox): Promise<void> {
    outbox.writing = true;
    outbox.shadowAt = this.#options.clock.monotonicMs();
    const acks = [...outbox.toShadow.values()];
    outbox.toShadow.clear();
    const document = deliveryDocument(acks, this.#options.clock.now());
    const written = await this.#attempt('delivery-shadow-not-written', gateway, async () => {
      await this.#options.iot.updateShadow(gateway, DELIVERY_SHADOW, document);
    });
    if (written) this.counters.shadowsWritten += 1;
    else this.counters.acksDropped += acks.length;
    outbox.writing = false;
    if (outbox.toShadow.size > 0) this.#writeShadowLater(gateway, outbox);
    else this.#forgetIdleLater(gateway, outbox);
  }

  /** The pace of the shadow must be remembered for its two seconds. */
  #forgetIdleLater(gateway: string, outbox: Outbox): void {
    if (this.#stop.signal.aborted) return;
    outbox.shadowTimer = this.#options.clock.setTimer(SHADOW_EVERY_MS, 'delivery shadow pace', () => {
      outbox.shadowTimer = undefined;
      if (outbox.toShadow.size > 0) this.#writeShadowLater(gateway, outbox);
      else this.#forgetIdle(gateway, outbox);
    });
  }

  #forgetIdle(gateway: string, outbox: Outbox): void {
    const busy = outbox.publishing || outbox.writing || outbox.shadowTimer !== undefined;
    if (!busy && this.#outboxes.get(gateway) === outbox) this.#outboxes.delete(gateway);
  }

  /** True when it went well in the end. */
  async #attempt(event: string, gateway: string, call: () => Promise<void>): Promise<boolean> {
    for (let attempt = 1; !this.#stop.signal.aborted; attempt++) {
      await this.#turn();
      try {
        await this.#options.clock.track(call());
        this.#throttledInRow = 0;
        return true;
      } catch (error) {
        const trouble = troubleOf(error);
        if (trouble === 'throttled') {
          this.counters.iotThrottled += 1;
          this.#throttledInRow += 1;
        }
        if (trouble === 'refused' || attempt === MAX_ATTEMPTS) {
          this.#options.onTrouble(event, { gateway, trouble, error });
          return false;
        }
      } finally {
        this.#inFlight -= 1;
        this.#forTurn.shift()?.();
      }
      const failures = Math.max(attempt, this.#throttledInRow);
      await pauseFor(this.#options.clock, backoffMs(failures, this.#options.random), this.#stop.signal);
    }
    return false;
  }

  async #turn(): Promise<void> {
    if (this.#inFlight >= MAX_IN_FLIGHT) await new Promise<void>((resolve) => this.#forTurn.push(resolve));
    this.#inFlight += 1;
  }
}

/** `null` takes an older refusal of the lane out of the shadow. */
function deliveryDocument(acks: readonly Ack[], now: number): object {
  const lanes = acks.map(({ lane, epoch, upTo, boot, refused }) => [
    lane,
    { epoch, upTo, boot: boot ?? null, refused: refused ?? null },
  ]);
  return { state: { desired: { at: now, acks: Object.fromEntries(lanes) } } };
}
