/**
 * The line between one gateway and the broker, and the gateway's end of it: an Uplink that connects, publishes and
 * receives acks, with everything a network does to that. Messages may be late, lost with the connection, or taken
 * without the PUBACK coming back; one direction may fall silent while the connection seems to stand.
 */

import type { Uplink, UplinkHandlers } from '../../../gateway/uplink/uplink.ts';
import type { Lane } from '../../../protocol/events/lanes.ts';
import type { Ack } from '../../../protocol/link/ack.ts';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import type { FaultBox } from '../faults/fault-kinds.ts';
import type { History } from '../history.ts';
import type { Incarnation } from './incarnation.ts';

/** What a gateway hands to the broker. */
export interface LinkMessage {
  readonly gateway: string;
  readonly lane: Lane;
  readonly payload: Uint8Array;
}

export interface Carrier {
  readonly up: boolean;
  take(message: LinkMessage): void;
}

interface LinkParts {
  readonly gateway: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly faults: FaultBox;
  readonly history: History;
  readonly carrier: Carrier;
}

/** After so long without a word either side gives a connection up (MQTT keepalive). */
const KEEPALIVE_MS = 30_000;

interface LinkSession {
  readonly publishing: Set<(error: Error) => void>;
  hear(ack: Ack): void;
  drop(reason: string): void;
}

export class Link {
  #up = true;
  #silentUp = false;
  #silentDown = false;
  readonly #parts: LinkParts;
  #session: LinkSession | undefined;

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  get #passable(): boolean {
    return this.#up && !this.#silentUp && !this.#silentDown && this.#parts.carrier.up;
  }

  /** `silently`: the gateway notices only when the keepalive runs out. */
  cut(silently: boolean): void {
    this.#up = false;
    if (!silently) this.drop('link cut');
    else this.#dropLater('link dead');
  }

  /** One direction goes nowhere; the connection seems to stand. */
  silence(direction: 'up' | 'down'): void {
    if (direction === 'up') this.#silentUp = true;
    else this.#silentDown = true;
    this.#dropLater('keepalive timeout');
  }

  heal(): void {
    this.#up = true;
    this.#silentUp = false;
    this.#silentDown = false;
  }

  drop(reason: string): void {
    this.#session?.drop(reason);
  }

  /** An ack comes down the line, to whoever is connected now. */
  deliverAck(ack: Ack): void {
    if (!this.#up || this.#silentDown) return;
    this.#session?.hear(ack);
  }

  #dropLater(reason: string): void {
    const { clock, random } = this.#parts;
    const session = this.#session;
    clock.setTimer(random.integer(KEEPALIVE_MS / 2, KEEPALIVE_MS * 1.5), 'keepalive', () =>
      session?.drop(reason),
    );
  }

  /** The gateway's end for one life of the gateway. */
  createUplink(life: Incarnation): Uplink {
    const { random, gateway, history } = this.#parts;
    let handlers: UplinkHandlers | undefined;
    let session: LinkSession | undefined;
    let closed = false;

    const connectLater = () => {
      life.clock.setTimer(random.integer(200, 6000), 'connect', () => {
        if (closed) return;
        if (!this.#passable) return connectLater();
        session = open();
        this.#session = session;
        history.note(`${gateway} connects`);
        handlers?.onConnected();
      });
    };

    const open = (): LinkSession => {
      const publishing = new Set<(error: Error) => void>();
      const opened: LinkSession = {
        publishing,
        hear: (ack) => life.run('ack', () => handlers?.onAck(ack)),
        drop: (reason) => {
          if (session !== opened) return;
          session = undefined;
          if (this.#session === opened) this.#session = undefined;
          if (!life.alive) return;
          history.note(`${gateway} loses its connection: ${reason}`);
          for (const reject of publishing) reject(new Error(reason));
          life.run('disconnected', () => handlers?.onDisconnected(reason));
          if (!closed) connectLater();
        },
      };
      return opened;
    };

    return {
      get connected() {
        return session !== undefined;
      },
      get state() {
        return session === undefined ? 'not connected' : 'connected';
      },
      start: (given) => {
        handlers = given;
        connectLater();
      },
      publish: (lane, payload) => {
        const through = session;
        if (through === undefined) return Promise.reject(new Error('not connected'));
        history.sent(gateway, payload);
        const taken = new Promise<void>((resolve, reject) => {
          through.publishing.add(reject);
          this.#carry(through, { gateway, lane, payload }, () => {
            through.publishing.delete(reject);
            resolve();
          });
        });
        return life.guard('publish', taken);
      },
      restart: (reason) => session?.drop(reason),
      close: () => {
        closed = true;
        if (this.#session === session) this.#session = undefined;
        session = undefined;
        return Promise.resolve();
      },
    };
  }

  /** Brings a message to the broker and the PUBACK back, or does not. */
  #carry(session: LinkSession, message: LinkMessage, onPuback: () => void): void {
    const { clock, random, faults, carrier } = this.#parts;
    const breakLater = () =>
      clock.setTimer(random.integer(10, 20_000), 'connection breaks', () =>
        session.drop('connection broken'),
      );
    if (this.#silentUp || !this.#up) return;
    if (faults.hits('lost-before-puback')) {
      breakLater();
      return;
    }
    const latencyMs = faults.hits('late') ? random.integer(1000, 60_000) : random.integer(2, 80);
    clock.setTimer(latencyMs, 'uplink', () => {
      if (!this.#up || this.#silentUp || !carrier.up) {
        breakLater();
        return;
      }
      carrier.take(message);
      if (faults.hits('lost-puback')) {
        breakLater();
        return;
      }
      clock.setTimer(random.integer(1, 40), 'puback', () => {
        if (this.#up && !this.#silentDown) onPuback();
      });
    });
  }
}
