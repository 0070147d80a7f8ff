/**
 * What aedes asks its persistence, answered from our own sessions: the subscriptions of a session that comes back,
 * and which packet ids are in flight. Nothing else is kept here: routing, retained messages, queues for the absent
 * and their pace are the stand-in's own (aedes knows none of the quotas).
 */
import { Readable } from 'node:stream';

interface ClientName {
  readonly id: string;
}

interface PacketName {
  readonly messageId?: number;
  readonly payload?: unknown;
}

interface StoredSubscription {
  readonly topic: string;
  readonly qos: number;
}

interface SessionPorts {
  /** Of a session that is to be resumed; none for a clean one. */
  subscriptions(clientId: string): StoredSubscription[];
  /** A QoS 1 message of ours goes out under this packet id. */
  sent(clientId: string, messageId: number, payload: Uint8Array): void;
  acknowledged(clientId: string, messageId: number): void;
  unsubscribed(clientId: string, filters: readonly string[]): void;
}

/** The methods aedes 1.x calls (aedes-persistence 11). */
export function sessionPersistence(ports: SessionPorts) {
  const nothing = () => Readable.from([]);
  const idOf = (packet: PacketName) => packet.messageId ?? 0;
  return {
    setup: async () => {},
    destroy: async () => {},
    subscriptionsByClient: async ({ id }: ClientName) => ports.subscriptions(id),
    subscriptionsByTopic: async () => [],
    addSubscriptions: async () => {},
    removeSubscriptions: async ({ id }: ClientName, filters: readonly string[]) =>
      ports.unsubscribed(id, filters),
    cleanSubscriptions: async () => {},
    countOffline: async () => ({ subsCount: 0, clientsCount: 0 }),
    storeRetained: async () => {},
    createRetainedStream: nothing,
    createRetainedStreamCombi: nothing,
    outgoingEnqueue: async () => {},
    outgoingEnqueueCombi: async () => {},
    outgoingStream: nothing,
    outgoingUpdate: async ({ id }: ClientName, packet: PacketName) => {
      if (packet.payload instanceof Uint8Array) ports.sent(id, idOf(packet), packet.payload);
    },
    outgoingClearMessageId: async ({ id }: ClientName, packet: PacketName) => {
      ports.acknowledged(id, idOf(packet));
      return packet;
    },
    incomingStorePacket: async () => {},
    incomingGetPacket: async () => {
      throw new Error('QoS 2 is not supported');
    },
    incomingDelPacket: async () => {},
    cleanIncoming: async () => {},
    putWill: async () => {},
    getWill: async () => undefined,
    delWill: async () => undefined,
    streamWill: nothing,
    getClientList: nothing,
  };
}
