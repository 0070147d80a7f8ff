/**
 * Acks for gateways that publish to AWS over HTTPS and so can subscribe to nothing: the cloud keeps the newest ack of
 * each lane in the named shadow `delivery` of the gateway's thing, and this asks for it, only while a batch waits for
 * its ack: every 1.5 s, ever more seldom (up to 30 s) while nothing new stands there. The quota is 20 requests a second.
 */
import * as z from 'zod';
import { LANES } from '../../../protocol/events/lanes.ts';
import { type Ack, ackSchema } from '../../../protocol/link/ack.ts';
import type { Clock, Timer } from '../../../protocol/ports/clock.ts';

/** `state.desired` of the shadow. */
const deliveryShadowSchema = z.object({
  state: z.object({
    desired: z
      .object({
        at: z.int().optional(),
        acks: z.partialRecord(
          z.enum(LANES),
          z.object({
            epoch: ackSchema.shape.epoch,
            upTo: ackSchema.shape.upTo,
            boot: ackSchema.shape.boot,
            refused: ackSchema.shape.refused,
          }),
        ),
      })
      .optional(),
  }),
});

const FIRST_POLL_MS = 1500;
const LONGEST_POLL_MS = 30_000;

interface ShadowAcksParts {
  readonly gateway: string;
  readonly clock: Clock;
  /** The shadow document; undefined while there is none. */
  readonly read: () => Promise<string | undefined>;
  readonly onAck: (ack: Ack) => void;
  readonly onMalformed: () => void;
  readonly onFailed: (error: unknown) => void;
  readonly awaitsAck: () => boolean;
}

export class ShadowAcks {
  readonly #parts: ShadowAcksParts;
  /** What was passed on last, per lane. */
  readonly #passedOn = new Map<string, string>();
  #timer: Timer | undefined;
  #pauseMs = FIRST_POLL_MS;
  #asking = false;
  #closed = false;

  constructor(parts: ShadowAcksParts) {
    this.#parts = parts;
  }

  /** A batch was taken: its ack should come soon. */
  expect(): void {
    if (this.#closed) return;
    if (this.#pauseMs > FIRST_POLL_MS) {
      this.#pauseMs = FIRST_POLL_MS;
      this.#timer?.cancel();
      this.#timer = undefined;
    }
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    if (this.#closed || this.#asking || this.#timer !== undefined) return;
    this.#timer = this.#parts.clock.setTimer(this.#pauseMs, 'shadow acks', () => {
      this.#timer = undefined;
      if (this.#parts.awaitsAck()) void this.#ask();
    });
  }

  async #ask(): Promise<void> {
    this.#asking = true;
    try {
      const isNew = this.#passOn(await this.#parts.read());
      this.#pauseMs = isNew ? FIRST_POLL_MS : Math.min(LONGEST_POLL_MS, this.#pauseMs * 1.5);
    } catch (error) {
      this.#pauseMs = Math.min(LONGEST_POLL_MS, this.#pauseMs * 2);
      if (!this.#closed) this.#parts.onFailed(error);
    } finally {
      this.#asking = false;
    }
    this.#schedule();
  }

  #passOn(document: string | undefined): boolean {
    if (document === undefined || this.#closed) return false;
    const parsed = parseShadow(document);
    if (parsed === undefined) {
      this.#parts.onMalformed();
      return false;
    }
    let isNew = false;
    const { at, acks } = parsed;
    for (const lane of LANES) {
      const ack = acks[lane];
      if (ack === undefined) continue;
      const key = JSON.stringify(ack);
      if (this.#passedOn.get(lane) === key) continue;
      this.#passedOn.set(lane, key);
      isNew = true;
      const { epoch, upTo, boot, refused } = ack;
      this.#parts.onAck({ v: 1, gateway: this.#parts.gateway, epoch, lane, upTo, boot, at, refused });
    }
    return isNew;
  }
}

function parseShadow(document: string) {
  try {
    const parsed = deliveryShadowSchema.safeParse(JSON.parse(document));
    return parsed.success ? (parsed.data.state.desired ?? { at: undefined, acks: {} }) : undefined;
  } catch {
    // No JSON: as malformed as a document of another shape.
    return undefined;
  }
}
