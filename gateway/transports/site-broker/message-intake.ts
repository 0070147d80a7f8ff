/**
 * What one connection to a broker of the site brings: judged for freshness, handed on at a bounded rate, answered in
 * the order of arrival once taken. At most `maxUnderWay` messages and `maxBytesUnderWay` bytes are under way; while
 * that many are, `next` is not called and nothing more is read from the socket.
 */
import type { IPublishPacket } from 'mqtt';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { DeviceMessage, MessageOrigin } from '../../drivers/driver.ts';
import { OrderedRelease } from '../ordered-release.ts';
import { OriginJudge } from './message-origin.ts';
import type { SiteBrokerCounter, SiteBrokerLimits } from './site-broker-options.ts';
import type { TakenMessages } from './taken-messages.ts';

interface MessageIntakeOptions {
  readonly clock: Clock;
  readonly limits: SiteBrokerLimits;
  /** Outlives the connection. */
  readonly taken: TakenMessages;
  readonly count: (counter: SiteBrokerCounter) => void;
  /** Undefined when nobody wants it; else settles when it has been taken. */
  readonly onMessage: (message: DeviceMessage) => Promise<void> | undefined;
  readonly answer: (messageId: number) => void;
  /** A message that must come again could not be taken. */
  readonly onFailure: (reason: string) => void;
}

const COUNTER_OF_ORIGIN: Readonly<Record<MessageOrigin, SiteBrokerCounter>> = {
  live: 'live',
  retained: 'retained',
  replayed: 'replayed',
  unknown: 'ofUnknownAge',
};

export class MessageIntake {
  readonly #options: MessageIntakeOptions;
  readonly #lane: OrderedRelease;
  /** Until the broker says otherwise, everything may be old. */
  #origin = new OriginJudge({ resumed: true, subscriptionId: undefined });
  #underWay = 0;
  #bytesUnderWay = 0;
  /** Lets mqtt.js read on. */
  #held: (() => void) | undefined;
  #onDrained: (() => void) | undefined;
  #open = true;

  constructor(options: MessageIntakeOptions) {
    this.#options = options;
    const { messagesPerSecond, messageBurst } = options.limits;
    this.#lane = new OrderedRelease(options.clock, messagesPerSecond, messageBurst);
  }

  get origin(): OriginJudge {
    return this.#origin;
  }

  onConnected(session: { readonly resumed: boolean; readonly subscriptionId: number | undefined }): void {
    if (!session.resumed) this.#options.taken.clear();
    this.#origin = new OriginJudge(session);
  }

  onPublish(packet: IPublishPacket, next: () => void): void {
    if (this.#open) this.#take(packet);
    if (this.#open && this.#isFull()) this.#held = next;
    else next();
  }

  /** One whose content was thrown away. `messageId`: 0 at QoS 0. */
  onOversized(messageId: number): void {
    this.#options.count('oversized');
    if (!this.#open || messageId === 0) return;
    this.#origin.arrived(true);
    this.#run(0, () => undefined, messageId);
  }

  /** From now on nothing is taken and nothing read. */
  stop(): void {
    this.#open = false;
    this.#held = undefined;
  }

  /** Calls back when all that was taken has been answered. */
  whenDrained(done: () => void): void {
    if (this.#underWay === 0) done();
    else this.#onDrained = done;
  }

  #isFull(): boolean {
    const { maxUnderWay, maxBytesUnderWay } = this.#options.limits;
    return this.#underWay >= maxUnderWay || this.#bytesUnderWay >= maxBytesUnderWay;
  }

  #take(packet: IPublishPacket): void {
    const { topic, dup, retain, messageId, qos, properties } = packet;
    const { taken, count } = this.#options;
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const subscriptionIds = [properties?.subscriptionIdentifier ?? []].flat();
    const origin = this.#origin.judge({ retain, dup, subscriptionIds });
    this.#origin.arrived(qos > 0);
    count(COUNTER_OF_ORIGIN[origin]);
    const work = () => this.#hand({ topic, payload, origin });
    if (qos === 0 || messageId === undefined) {
      this.#run(payload.length, work, undefined);
      return;
    }
    const identified = { messageId, topic, payload };
    const before = dup ? taken.find(identified) : undefined;
    if (before === undefined) {
      const released = Promise.withResolvers<void>();
      taken.add(identified, released.promise);
      this.#run(payload.length, work, messageId, released);
      return;
    }
    count('repeated');
    this.#run(payload.length, () => before, messageId);
  }

  /** `released` settles as the work does, when its turn to be answered has come: for those who wait for the same. */
  #run(
    bytes: number,
    work: () => Promise<void> | undefined,
    messageId: number | undefined,
    released?: PromiseWithResolvers<void>,
  ): void {
    this.#underWay += 1;
    this.#bytesUnderWay += bytes;
    const { delayedMs } = this.#lane.run(work, (error) => {
      this.#underWay -= 1;
      this.#bytesUnderWay -= bytes;
      if (error === undefined) released?.resolve();
      else released?.reject(error);
      this.#onReleased(messageId, error);
    });
    if (delayedMs > 0) this.#options.count('delayed');
  }

  #hand(message: DeviceMessage): Promise<void> | undefined {
    const { limits, count, onMessage } = this.#options;
    if (Buffer.byteLength(message.topic) > limits.maxTopicBytes) {
      count('badTopics');
      return undefined;
    }
    if (message.payload.length > limits.maxPayloadBytes) {
      count('oversized');
      return undefined;
    }
    const taken = onMessage(message);
    if (taken === undefined) count('foreign');
    return taken;
  }

  /** `messageId`: undefined at QoS 0, which nobody waits for and nothing brings back. */
  #onReleased(messageId: number | undefined, error: Error | undefined): void {
    const { answer, count, onFailure } = this.#options;
    if (messageId !== undefined) this.#origin.answered();
    if (error !== undefined) count('handlerFailures');
    if (messageId !== undefined && error === undefined) answer(messageId);
    if (messageId !== undefined && error !== undefined) onFailure(error.message);
    if (this.#underWay === 0) this.#onDrained?.();
    if (this.#held === undefined || this.#isFull()) return;
    const next = this.#held;
    this.#held = undefined;
    next();
  }
}
