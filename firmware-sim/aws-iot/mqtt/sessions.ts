/**
 * All sessions by client id, their end after an hour without connection, and what is known of each connection for
 * GetConnection. Also the presence events, `$aws/events/presence/connected|disconnected/<clientId>`.
 */
import { randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../../../protocol/ports/clock.ts';
import type { IotMessage } from '../service/message.ts';
import type { AwsCounters, Quotas } from '../service/quotas.ts';
import type { JsonObject } from '../shadow/shadow-document.ts';
import type { ClientSession } from './session.ts';

/** Client ids remembered, connected or not; the longest gone is forgotten first. */
const MAX_CLIENTS = 20_000;

/** As GetConnection returns it. Times in epoch ms. */
export interface ConnectionRecord {
  readonly connected: boolean;
  readonly thing: string | undefined;
  readonly clean: boolean;
  readonly keepAliveSeconds: number;
  readonly connectedAt: number;
  readonly source: { readonly ip: string; readonly port: number };
  readonly target: { readonly ip: string; readonly port: number };
  readonly sessionIdentifier: string;
  readonly disconnectedAt?: number;
  readonly disconnectReason?: string;
}

interface KnownClient {
  session: ClientSession;
  record: ConnectionRecord;
  expiry: Timer | undefined;
  /** Counts connects and disconnects, as `versionNumber` of the presence events. */
  version: number;
}

interface SessionsOptions {
  readonly clock: Clock;
  readonly quotas: Quotas;
  readonly counters: AwsCounters;
  readonly say: (topic: string, body: JsonObject) => void;
}

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #clients = new Map<string, KnownClient>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  get(clientId: string): ClientSession | undefined {
    return this.#clients.get(clientId)?.session;
  }

  record(clientId: string): ConnectionRecord | undefined {
    return this.#clients.get(clientId)?.record;
  }

  /** To everybody whose subscriptions take it, each at the lower of both qualities of service. */
  deliver(message: IotMessage): void {
    for (const { session } of this.#clients.values()) {
      const qos = session.wants(message.topic);
      if (qos !== undefined) session.offer(qos < message.qos ? { ...message, qos } : message);
    }
  }

  connected(
    session: ClientSession,
    facts: Pick<ConnectionRecord, 'keepAliveSeconds' | 'source' | 'target'>,
  ): void {
    const { clientId } = session;
    const known = this.#clients.get(clientId);
    known?.expiry?.cancel();
    this.#clients.delete(clientId);
    this.#makeRoom();
    const record: ConnectionRecord = {
      connected: true,
      thing: session.thing,
      clean: session.clean,
      connectedAt: this.#options.clock.now(),
      sessionIdentifier: randomUUID(),
      ...facts,
    };
    const client = { session, record, expiry: undefined, version: (known?.version ?? -1) + 1 };
    this.#clients.set(clientId, client);
    this.#announce('connected', client, { ipAddress: facts.source.ip });
  }

  disconnected(session: ClientSession, reason: string): void {
    const client = this.#clients.get(session.clientId);
    if (client === undefined || client.session !== session || !client.record.connected) return;
    session.detach();
    const { clock, quotas, counters } = this.#options;
    client.record = {
      ...client.record,
      connected: false,
      disconnectedAt: clock.now(),
      disconnectReason: reason,
    };
    client.version += 1;
    if (session.clean) session.subscriptions.clear();
    else {
      client.expiry = clock.setTimer(quotas.sessionExpiryMs, 'mqtt session expiry', () => {
        counters.sessionsExpired += 1;
        this.#forget(client);
      });
    }
    this.#announce('disconnected', client, {
      disconnectReason: reason,
      clientInitiatedDisconnect: reason === 'CLIENT_INITIATED_DISCONNECT',
    });
  }

  /** Ends a session for good, as DeleteConnection with cleanSession does. */
  discard(clientId: string): void {
    const client = this.#clients.get(clientId);
    if (client !== undefined) this.#forget(client);
  }

  close(): void {
    for (const { expiry, session } of this.#clients.values()) {
      expiry?.cancel();
      session.detach();
    }
    this.#clients.clear();
  }

  #forget(client: KnownClient): void {
    client.expiry?.cancel();
    client.session.detach();
    client.session.subscriptions.clear();
    client.session.dropStored();
  }

  #makeRoom(): void {
    if (this.#clients.size < MAX_CLIENTS) return;
    for (const [id, { record, expiry }] of this.#clients) {
      if (record.connected) continue;
      expiry?.cancel();
      this.#clients.delete(id);
      return;
    }
  }

  #announce(
    event: 'connected' | 'disconnected',
    { session, record, version }: KnownClient,
    more: JsonObject,
  ): void {
    this.#options.say(`$aws/events/presence/${event}/${session.clientId}`, {
      clientId: session.clientId,
      timestamp: this.#options.clock.now(),
      eventType: event,
      sessionIdentifier: record.sessionIdentifier,
      principalIdentifier: session.thing ?? 'account',
      versionNumber: version,
      ...more,
    });
  }
}
