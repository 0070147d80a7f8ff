/**
 * What has been taken or is under way, by packet id: a broker whose connection broke before our answer reached it
 * sends the message again under the same id with DUP set (MQTT 4.4), and it must not take effect twice. Knows a
 * bounded number of the latest, while the process lives; after a restart the device's own time keeps them apart.
 */
import { createHash } from 'node:crypto';

/** More than any broker has under way for one client, with those whose answer was lost. */
const MAX_KNOWN = 1024;

interface IdentifiedMessage {
  readonly messageId: number;
  readonly topic: string;
  readonly payload: Uint8Array;
}

export class TakenMessages {
  readonly #known = new Map<number, { readonly print: string; readonly taken: Promise<void> }>();

  /** The same message's earlier coming: settles when that one has been taken. */
  find(message: IdentifiedMessage): Promise<void> | undefined {
    const known = this.#known.get(message.messageId);
    return known?.print === printOf(message) ? known.taken : undefined;
  }

  /** Forgotten again when it could not be taken. */
  add(message: IdentifiedMessage, taken: Promise<void>): void {
    const { messageId } = message;
    const entry = { print: printOf(message), taken };
    this.#known.delete(messageId);
    this.#known.set(messageId, entry);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_KNOWN) break;
      this.#known.delete(oldest);
    }
    taken.catch(() => {
      if (this.#known.get(messageId) === entry) this.#known.delete(messageId);
    });
  }

  /** The broker began a new session: its packet ids mean other messages now. */
  clear(): void {
    this.#known.clear();
  }
}

function printOf({ topic, payload }: IdentifiedMessage): string {
  return createHash('sha1').update(topic).update('\0').update(payload).digest('base64');
}
