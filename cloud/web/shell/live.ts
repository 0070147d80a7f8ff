/**
 * The live stream as the page follows it: connected, lost, connected again. Messages carry no history, so after
 * every (re)connection the page is made to fetch anew. A browser reconnects by itself after a broken connection,
 * but gives up when the server refuses it; then we try, at growing intervals.
 */
import type { Clock, Timer } from '../../../protocol/ports/clock.ts';
import { type LiveMessage, liveMessageSchema } from '../../contract/live.ts';

export type LiveState = 'connecting' | 'live' | 'reconnecting';

/** What we use of the browser's EventSource. */
export interface LiveSource {
  onopen: ((event: Event) => unknown) | null;
  onmessage: ((event: MessageEvent<string>) => unknown) | null;
  onerror: ((event: Event) => unknown) | null;
  readonly readyState: number;
  close(): void;
}

interface LiveStreamOptions {
  readonly clock: Clock;
  readonly open: () => LiveSource;
  readonly onMessage: (message: LiveMessage) => void;
  readonly onState: (state: LiveState) => void;
  /** Connected: what was shown until now may be old. */
  readonly onConnected: () => void;
  /** The server refused the stream; perhaps the session has ended. */
  readonly onRefused: () => void;
}

/** `EventSource.CLOSED`: it will not try again by itself. */
const CLOSED = 2;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15_000;

/** Returns what ends it. */
export function followLive(options: LiveStreamOptions): () => void {
  const { clock } = options;
  let source: LiveSource | undefined;
  let timer: Timer | undefined;
  let retryMs = FIRST_RETRY_MS;

  function connect() {
    const opened = options.open();
    source = opened;
    opened.onopen = () => {
      retryMs = FIRST_RETRY_MS;
      options.onState('live');
      options.onConnected();
    };
    opened.onmessage = ({ data }) => {
      const message = parseMessage(data);
      if (message !== undefined) options.onMessage(message);
    };
    opened.onerror = () => {
      options.onState('reconnecting');
      if (opened.readyState !== CLOSED) return;
      opened.close();
      options.onRefused();
      timer = clock.setTimer(retryMs, 'live retry', connect);
      retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    };
  }

  options.onState('connecting');
  connect();
  return () => {
    timer?.cancel();
    source?.close();
  };
}

/** Undefined for what a newer cloud may say that this page does not know yet. */
export function parseMessage(text: string): LiveMessage | undefined {
  try {
    return liveMessageSchema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
