/**
 * The intake port: an adapter delivers raw payloads and sends acks; it decides nothing. The handler resolves
 * with the acks to send after the database commit; a rejection means "not taken": no ack, the gateway resends.
 */

import type { Lane } from '../../protocol/events/lanes.ts';
import type { Ack } from '../../protocol/link/ack.ts';

export interface Delivery {
  /** Gateway id as the transport proves it (topic confined by the broker, or HTTP credentials). */
  readonly gateway: string;
  readonly lane: Lane;
  readonly payload: Uint8Array;
}

export type DeliveryHandler = (delivery: Delivery) => Promise<Ack | undefined>;

export interface IntakeHandlers {
  onDelivery: DeliveryHandler;
  onGatewayState(gateway: string, state: 'online' | 'offline'): void;
}

export interface Intake {
  start(handlers: IntakeHandlers): Promise<void>;
  readonly state: string;
  close(): Promise<void>;
}
