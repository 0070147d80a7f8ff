/**
 * The gateway as a client of a broker that the site runs already (Mosquitto, EMQX, HiveMQ, AWS IoT; MQTT 3.1.1 and
 * 5): one connection for all devices on it. Owns dialling again: one session after the other (site-session.ts), with
 * pauses that are forgiven only once a session has stood for a while.
 *
 * - A subscription that the broker refuses closes that device alone and is asked for again now and then. Some brokers
 *   (AWS IoT) break the connection instead: after it broke twice over the same one, that one waits, the others go on.
 * - Nothing is ever unsubscribed: a session of the broker's holds messages for a gateway that is stopped.
 * - Two clients of one id end each other's connections for ever: when that happens again and again, it is said.
 */
import { VERSION_NOT_SUPPORTED } from '../../../protocol/link/carrier-words.ts';
import type { Timer } from '../../../protocol/ports/clock.ts';
import type { OutgoingMessage } from '../../drivers/driver.ts';
import { createDeviceMessageHub, type DeviceMessages, type MessageHandlers } from '../device-messages.ts';
import { SITE_BROKER_LIMITS, type SiteBrokerCounter, type SiteBrokerOptions } from './site-broker-options.ts';
import { LINK_LOST, openSiteSession, type SiteSession } from './site-session.ts';
import { TakenMessages } from './taken-messages.ts';

export interface SiteBrokerStatus {
  readonly name: string;
  readonly address: string;
  readonly connected: boolean;
  /** How it stands, for people. */
  readonly state: string;
  readonly counters: Readonly<Record<SiteBrokerCounter, number>>;
}

export interface SiteBroker extends DeviceMessages, AsyncDisposable {
  status(): SiteBrokerStatus;
  /** Dials; call when the devices have subscribed, for the queue of an old session comes at once. */
  start(): void;
  /** Takes nothing more, answers what it has taken, then hangs up. */
  close(): Promise<void>;
}

/** A session that stood this long was a good one. */
const SETTLED_MS = 60_000;
/** When to ask again for what was refused, and for what broke the connection so many times. */
const REFUSED_AGAIN_MS = 60_000;
const BREAKER_AGAIN_MS = 900_000;
const MAX_BREAKS = 2;
/** So many times in so long the connection was taken over: another client has our id. */
const MAX_TAKEOVERS = 3;
const TAKEOVER_WINDOW_MS = 600_000;
const SESSION_TAKEN_OVER = 142;
/** MQTT 5, 3.8.2.1.2. */
const MAX_SUBSCRIPTION_ID = 268_435_455;

export function createSiteBroker(options: SiteBrokerOptions): SiteBroker {
  return new SiteBrokerClient(options);
}

interface Subscription {
  readonly filters: readonly string[];
  readonly handlers: MessageHandlers;
  open: boolean;
  /** In this connection. */
  granted: boolean;
  /** Why it is closed, as last said. */
  reason: string | undefined;
  /** Connections that broke while the broker was asked for this one. */
  breaks: number;
  /** Monotonic: not to be asked for before. */
  askAtMs: number;
  ended: boolean;
}

class SiteBrokerClient implements SiteBroker {
  readonly address: string;
  readonly isRemote = true;
  /** Without credentials. */
  readonly #url: string;
  readonly #options: SiteBrokerOptions;
  readonly #hub = createDeviceMessageHub('');
  readonly #subscriptions = new Set<Subscription>();
  readonly #taken = new TakenMessages();
  readonly #counters: Record<SiteBrokerCounter, number> = {
    live: 0,
    retained: 0,
    replayed: 0,
    ofUnknownAge: 0,
    repeated: 0,
    foreign: 0,
    oversized: 0,
    badTopics: 0,
    delayed: 0,
    handlerFailures: 0,
    reconnects: 0,
    takeovers: 0,
    refusedSubscriptions: 0,
  };
  #protocolVersion: 4 | 5;
  #session: SiteSession | undefined;
  #connectedAtMs: number | undefined;
  #failures = 0;
  #takeoversAtMs: number[] = [];
  #state = 'not started';
  /** Some subscription of this connection has no answers: what is lost on the way stays lost. */
  #atMostOnce = false;
  #redial: Timer | undefined;
  #askAgain: Timer | undefined;
  #asked: Promise<void> = Promise.resolve();
  #asking: Subscription | undefined;
  #closed = false;

  constructor(options: SiteBrokerOptions) {
    this.#options = options;
    this.#protocolVersion = options.protocolVersion;
    const { protocol, host } = new URL(options.url);
    this.#url = `${protocol}//${host}`;
    this.address = `${this.#url} (${options.name})`;
  }

  start(): void {
    if (this.#session === undefined && this.#redial === undefined && !this.#closed) this.#dial();
  }

  subscribe(filters: readonly string[], handlers: MessageHandlers): () => void {
    const subscription: Subscription = {
      filters,
      handlers,
      open: false,
      granted: false,
      reason: undefined,
      breaks: 0,
      askAtMs: 0,
      ended: false,
    };
    const end = this.#hub.subscribe(filters, {
      onOpen: () => undefined,
      onMessage: (message) => {
        // In a session taken up again the subscription stands before it is asked for.
        this.#open(subscription);
        return handlers.onMessage(message);
      },
      onClose: () => undefined,
    });
    this.#subscriptions.add(subscription);
    if (this.#connectedAtMs !== undefined) this.#askForDue();
    return () => {
      subscription.ended = true;
      this.#subscriptions.delete(subscription);
      end();
    };
  }

  publish(message: OutgoingMessage): Promise<void> {
    return this.#session?.publish(message) ?? Promise.reject(new Error(`not connected: ${this.#state}`));
  }

  status(): SiteBrokerStatus {
    return {
      name: this.#options.name,
      address: this.#url,
      connected: this.#connectedAtMs !== undefined,
      state: this.#atMostOnce ? `${this.#state}, QoS 0: messages may be lost` : this.#state,
      counters: { ...this.#counters },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#redial?.cancel();
    this.#askAgain?.cancel();
    await this.#session?.close();
    this.#state = 'closed';
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #dial(): void {
    const { random, limits } = this.#options;
    this.#redial = undefined;
    this.#state = 'connecting';
    const session = openSiteSession(
      {
        ...this.#options,
        protocolVersion: this.#protocolVersion,
        limits: { ...SITE_BROKER_LIMITS, ...limits },
        subscriptionId: random.integer(1, MAX_SUBSCRIPTION_ID),
        taken: this.#taken,
        count: (counter) => {
          this.#counters[counter] += 1;
        },
      },
      {
        onConnected: (resumed) => this.#onConnected(resumed),
        onMessage: (message) => this.#hub.deliver(message),
        onEnd: (reason, code) => this.#onEnd(reason, code),
      },
    );
    this.#session = session;
  }

  #onConnected(resumed: boolean): void {
    this.#connectedAtMs = this.#options.clock.monotonicMs();
    this.#state = `connected, MQTT ${this.#protocolVersion === 5 ? '5' : '3.1.1'}, ${resumed ? 'session taken up again' : 'new session'}`;
    this.#askForDue();
  }

  /** Now, and again later: somebody may have changed the rights meanwhile. */
  #askForDue(): void {
    this.#askAgain?.cancel();
    this.#askAgain = this.#options.clock.setTimer(REFUSED_AGAIN_MS, 'site broker refused', () =>
      this.#askForDue(),
    );
    this.#asked = this.#asked.then(() => this.#ask(this.#session));
  }

  /** One after the other: when the connection breaks meanwhile, it is known over which. */
  async #ask(session: SiteSession | undefined): Promise<void> {
    for (const subscription of [...this.#subscriptions]) {
      if (session === undefined || session !== this.#session) return;
      const { ended, granted, askAtMs, filters } = subscription;
      if (ended || granted || askAtMs > this.#options.clock.monotonicMs()) continue;
      this.#asking = subscription;
      const answer = await session.subscribe(filters).catch(() => undefined);
      if (answer === undefined) return;
      this.#asking = undefined;
      subscription.breaks = 0;
      subscription.granted = answer.granted;
      if (answer.granted) {
        this.#atMostOnce ||= answer.atMostOnce;
        this.#open(subscription);
      } else {
        this.#refuse(subscription, `the broker refuses ${filters.join(', ')}: ${answer.reason}`);
      }
    }
  }

  #refuse(subscription: Subscription, reason: string, againMs = REFUSED_AGAIN_MS): void {
    this.#counters.refusedSubscriptions += 1;
    subscription.askAtMs = this.#options.clock.monotonicMs() + againMs;
    this.#shut(subscription, reason);
  }

  #blame(subscription: Subscription): void {
    subscription.breaks += 1;
    if (subscription.breaks < MAX_BREAKS) return;
    const filters = subscription.filters.join(', ');
    const reason = `the broker breaks the connection when asked for ${filters}: does it let this client subscribe there?`;
    this.#refuse(subscription, reason, BREAKER_AGAIN_MS);
  }

  #open(subscription: Subscription): void {
    if (subscription.open || subscription.ended) return;
    subscription.open = true;
    subscription.reason = undefined;
    subscription.handlers.onOpen();
  }

  #shut(subscription: Subscription, reason: string): void {
    if (subscription.ended || (!subscription.open && subscription.reason === reason)) return;
    subscription.open = false;
    subscription.reason = reason;
    subscription.handlers.onClose(reason);
  }

  #onEnd(reason: string, code: number | undefined): void {
    const { clock, pauseMs } = this.#options;
    const wasConnected = this.#connectedAtMs !== undefined;
    const stoodMs = clock.monotonicMs() - (this.#connectedAtMs ?? clock.monotonicMs());
    this.#session = undefined;
    this.#connectedAtMs = undefined;
    this.#atMostOnce = false;
    this.#askAgain?.cancel();
    if (this.#closed) return;
    if (stoodMs >= SETTLED_MS) this.#failures = 0;
    if (wasConnected) this.#counters.reconnects += 1;
    const asking = this.#asking;
    this.#asking = undefined;
    const broke = wasConnected && reason === LINK_LOST && stoodMs < SETTLED_MS;
    const takenOver = code === SESSION_TAKEN_OVER || (broke && asking === undefined);
    const words = takenOver ? this.#takenOver(reason) : reason;
    if (code !== undefined && VERSION_NOT_SUPPORTED.includes(code)) this.#protocolVersion = 4;
    if (broke && asking !== undefined) this.#blame(asking);
    const now = clock.monotonicMs();
    for (const subscription of this.#subscriptions) {
      subscription.granted = false;
      // What is refused stays so, with its own reason.
      if (subscription.askAtMs <= now) this.#shut(subscription, words);
    }
    const delayMs = pauseMs(this.#failures++);
    this.#state = `waiting ${Math.ceil(delayMs / 1000)} s: ${words}`;
    this.#redial = clock.setTimer(delayMs, 'site broker redial', () => this.#dial());
  }

  /** MQTT 3.1.1 has no word for it: the connection just breaks, again and again and soon after it stood. */
  #takenOver(reason: string): string {
    const now = this.#options.clock.monotonicMs();
    this.#counters.takeovers += 1;
    this.#takeoversAtMs = [...this.#takeoversAtMs.filter((at) => now - at < TAKEOVER_WINDOW_MS), now];
    if (this.#takeoversAtMs.length < MAX_TAKEOVERS) return reason;
    const { clientId } = this.#options;
    return `${reason}; again and again: another client seems to use the client id "${clientId}", give each its own`;
  }
}
