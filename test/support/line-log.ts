/** Handlers of a line that keep what came, and let a test wait for it. */
import type { LineHandlers } from '../../gateway/transports/line.ts';

export class LineLog implements LineHandlers {
  readonly closeReasons: string[] = [];
  #bytes: number[] = [];
  #waiting: { readonly done: () => boolean; readonly resolve: () => void }[] = [];

  onBytes = (chunk: Uint8Array): void => {
    this.#bytes.push(...chunk);
    this.#wake();
  };

  onClose = (reason: string): void => {
    this.closeReasons.push(reason);
    this.#wake();
  };

  get text(): string {
    return Buffer.from(this.#bytes).toString('latin1');
  }

  /** Resolves when so many bytes have come. */
  hears(count: number): Promise<void> {
    return this.#until(() => this.#bytes.length >= count);
  }

  ends(): Promise<void> {
    return this.#until(() => this.closeReasons.length > 0);
  }

  #until(done: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ done, resolve });
      this.#wake();
    });
  }

  #wake(): void {
    this.#waiting = this.#waiting.filter(({ done, resolve }) => {
      if (!done()) return true;
      resolve();
      return false;
    });
  }
}
