/**
 * One opening of a line, in order: up first, then bytes, then the end, whatever the opener calls first. A line that
 * cannot be opened ends without having been up. After `cancel` nothing is called and the line is closed.
 */
import type { Line, LineOpener } from '../../transports/line.ts';

/** Chunks that may come before the opener has returned its line. */
const MAX_EARLY_CHUNKS = 64;

interface OpeningHandlers {
  onUp(line: Line): void;
  onBytes(chunk: Uint8Array): void;
  /** More came before the line was up than is kept. */
  onTooEarly(chunk: Uint8Array): void;
  onEnd(reason: string): void;
}

interface LineOpening {
  /** When the opener has answered. */
  readonly answered: Promise<void>;
  cancel(): void;
}

export function openLine(opener: LineOpener, handlers: OpeningHandlers): LineOpening {
  const early: Uint8Array[] = [];
  let endedEarly: string | undefined;
  let line: Line | undefined;
  let over = false;
  const end = (reason: string) => {
    over = true;
    handlers.onEnd(reason);
  };
  const opened = opener.open({
    onBytes(chunk) {
      if (over) return;
      if (line !== undefined) handlers.onBytes(chunk);
      else if (early.length < MAX_EARLY_CHUNKS) early.push(chunk);
      else handlers.onTooEarly(chunk);
    },
    onClose(reason) {
      if (over) return;
      if (line !== undefined) end(reason);
      else endedEarly = reason;
    },
  });
  const isOver = () => over;
  const answered = opened.then(
    (up) => {
      if (isOver()) {
        up.close();
        return;
      }
      line = up;
      handlers.onUp(up);
      for (const chunk of early) if (!isOver()) handlers.onBytes(chunk);
      if (endedEarly !== undefined && !isOver()) end(endedEarly);
    },
    (error: unknown) => {
      if (!isOver()) end(error instanceof Error ? error.message : String(error));
    },
  );
  return {
    answered,
    cancel() {
      over = true;
      line?.close();
    },
  };
}
