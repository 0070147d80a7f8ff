/** The identity of a running gateway: renewed in time, its state in the status, what ails it in the log. */
import type { Logger } from 'pino';
import type { Clock } from '../../../protocol/ports/clock.ts';
import type { Random } from '../../../protocol/ports/random.ts';
import { askCloud } from '../../enrolment/cloud-client.ts';
import { renewIdentity } from '../../enrolment/enrol.ts';
import { readIdentity } from '../../enrolment/identity-folder.ts';
import { type IdentityEvent, type IdentityKeeper, keepIdentity } from '../../enrolment/identity-keeper.ts';
import { certificateFacts } from '../../enrolment/key-request.ts';

export function watchIdentity(options: {
  readonly dir: string;
  readonly renew: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}): IdentityKeeper {
  const { dir, clock, random, log } = options;
  const ports = { dir, ask: askCloud, now: () => clock.now() };
  return keepIdentity({
    clock,
    random,
    read: () => {
      const pem = readIdentity(dir)?.certificatePem;
      return pem === undefined ? undefined : certificateFacts(pem);
    },
    renew: options.renew && isRenewable(dir) ? async () => void (await renewIdentity(ports)) : undefined,
    onEvent: (event) => logEvent(event, log),
  });
}

/** A damaged folder is reported when it is read again, and does not keep the gateway from reading its devices. */
function isRenewable(dir: string): boolean {
  try {
    return readIdentity(dir)?.facts.cloudUrl !== undefined;
  } catch {
    return false;
  }
}

function logEvent(event: IdentityEvent, log: Pick<Logger, 'info' | 'warn'>): void {
  const iso = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString());
  switch (event.event) {
    case 'renewed':
      log.info({ event: 'identity.renewed', expiresAt: iso(event.notAfter) }, 'identity renewed');
      return;
    case 'renewal-failed':
      log.warn(
        { event: 'identity.renewal-failed', err: event.error, nextTryMs: event.nextTryMs },
        'the identity could not be renewed',
      );
      return;
    case 'expires-soon':
      log.warn(
        { event: 'identity.expires-soon', expiresAt: iso(event.notAfter) },
        'the certificate of this gateway expires soon: renew it with npm run gateway -- enroll --renew',
      );
  }
}
