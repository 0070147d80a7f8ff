/**
 * Renews the gateway's certificate while the gateway runs: when two thirds of its life are over, a little earlier by
 * chance so that a site does not ask all at once, and again with growing pauses until it works. The uplink takes up the
 * new files when it next connects. A token alone has no end, so nothing is renewed then. What fails is reported by `onEvent`.
 */
import type { Clock, Timer } from '../../protocol/ports/clock.ts';
import type { Random } from '../../protocol/ports/random.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How often it looks whether it is time: also finds what a person renewed by hand. */
export const LOOK_EVERY_MS = HOUR_MS;
export const FIRST_RETRY_MS = 60_000;
/** Of a certificate's life. */
const DUE_AFTER = 2 / 3;
const EARLIER_AT_MOST = 0.05;
/** From here on it is reported as too late; of a short life a quarter. */
const WARN_BEFORE_MS = 14 * DAY_MS;

export interface CertificateLife {
  readonly notBefore: number;
  readonly notAfter: number;
}

export type IdentityEvent =
  | { event: 'renewed'; notAfter: number | undefined }
  | { event: 'renewal-failed'; error: unknown; nextTryMs: number }
  | { event: 'expires-soon'; notAfter: number; leftMs: number };

export interface IdentityStatus {
  /** Epoch ms; undefined without a certificate. */
  readonly certificateExpiresAt: number | undefined;
  readonly renewalDueAt: number | undefined;
  /** Of the last try, while it stands. */
  readonly problem: string | undefined;
}

export interface IdentityKeeper {
  status(): IdentityStatus;
  stop(): Promise<void>;
}

export function keepIdentity(options: {
  readonly clock: Clock;
  readonly random: Random;
  /** The certificate in force; undefined when there is none. May throw: then it looks again later. */
  readonly read: () => CertificateLife | undefined;
  /** Undefined: the identity is not of a cloud that renews it; its end is only reported. */
  readonly renew: (() => Promise<void>) | undefined;
  readonly onEvent: (event: IdentityEvent) => void;
}): IdentityKeeper {
  const { clock, random, read, renew, onEvent } = options;
  const earlier = random.next() * EARLIER_AT_MOST;
  let problem: string | undefined;
  let failures = 0;
  let warnedAt: number | undefined;
  let stopped = false;
  let timer: Timer | undefined;
  let working: Promise<void> = Promise.resolve();

  const dueAt = ({ notBefore, notAfter }: CertificateLife) =>
    Math.round(notBefore + (notAfter - notBefore) * (DUE_AFTER - earlier));

  function readLife(): CertificateLife | undefined {
    try {
      return read();
    } catch (error) {
      problem = messageOf(error);
      return undefined;
    }
  }

  function warn({ notBefore, notAfter }: CertificateLife): void {
    const leftMs = notAfter - clock.now();
    const threshold = Math.min(WARN_BEFORE_MS, (notAfter - notBefore) / 4);
    if (leftMs >= threshold || (warnedAt !== undefined && clock.now() - warnedAt < DAY_MS)) return;
    warnedAt = clock.now();
    onEvent({ event: 'expires-soon', notAfter, leftMs });
  }

  async function tryRenewal(task: () => Promise<void>): Promise<void> {
    try {
      await task();
      failures = 0;
      problem = undefined;
      onEvent({ event: 'renewed', notAfter: readLife()?.notAfter });
    } catch (error) {
      failures += 1;
      problem = messageOf(error);
      onEvent({ event: 'renewal-failed', error, nextTryMs: pauseMs() });
    }
  }

  /** One minute, then longer, up to an hour; spread by half. */
  function pauseMs(): number {
    if (failures === 0) return LOOK_EVERY_MS;
    const base = Math.min(LOOK_EVERY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10));
    return Math.round(base * (1 + random.next() / 2));
  }

  async function look(): Promise<void> {
    const life = readLife();
    if (life !== undefined) {
      if (renew !== undefined && clock.now() >= dueAt(life)) await tryRenewal(renew);
      const after = readLife();
      if (after !== undefined) warn(after);
    }
    if (!stopped) timer = clock.setTimer(pauseMs(), 'identity renewal', turn);
  }

  function turn(): void {
    working = clock.track(look());
  }

  turn();
  return {
    status() {
      const life = readLife();
      return {
        certificateExpiresAt: life?.notAfter,
        renewalDueAt: life === undefined || renew === undefined ? undefined : dueAt(life),
        problem,
      };
    },
    async stop() {
      stopped = true;
      timer?.cancel();
      await working;
      timer?.cancel();
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
