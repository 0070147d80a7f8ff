/** The commands about gateways' identities: invite, revoke, write the list of certificates to refuse. */

import { revokedCertificates } from '../enrolment/certificates.ts';
import { invite } from '../enrolment/invitations.ts';
import { revokeGateway } from '../fleet/gateway-registry.ts';
import { type Command, using } from './commands.ts';
import { ConfigError } from './config-error.ts';
import { openIdentityProvision } from './enrolment-config.ts';
import { openMigratedStore } from './open-store.ts';
import { newSecret } from './start-cloud.ts';

export async function inviteGatewayCommand(
  { config, clock, write }: Command,
  id: string,
  hours: number,
): Promise<void> {
  await using(
    openMigratedStore(config.database, () => {}),
    async ({ db }) => {
      const { code, expiresAt } = await invite(db, id, hours, newSecret, clock.now());
      write(
        `${code}\n\nGood once, for ${id}, until ${new Date(expiresAt).toISOString()}. On the gateway:\n` +
          `  npm run gateway -- enroll --cloud ${config.enrolment.httpsUrl ?? 'https://<this cloud>'} --code ${code}\n`,
      );
    },
  );
}

export async function revokeGatewayCommand({ config, clock, write }: Command, id: string): Promise<void> {
  await using(
    openMigratedStore(config.database, () => {}),
    async ({ db }) => {
      if (!(await revokeGateway(db, id, clock.now()))) {
        throw new ConfigError([`there is no gateway ${id}; an invitation for it, if any, has ended`]);
      }
      write(
        `${id} is shut out: nothing of it is taken from now on, running clouds end its sessions within seconds.\n` +
          `A broker of yours refuses its certificate once it has the new list: npm run cloud -- gateway crl\n` +
          `To let the true gateway in again: npm run cloud -- gateway invite ${id}\n`,
      );
    },
  );
}

/** PEM alone on standard output, for a file. */
export async function revocationListCommand({ config, clock, write }: Command): Promise<void> {
  const now = clock.now();
  const { deviceCa } = await openIdentityProvision(config.enrolment, now);
  if (deviceCa === undefined) {
    throw new ConfigError([
      'this cloud signs no certificates: set enrolment.caCertFile and enrolment.caKeyFile',
    ]);
  }
  await using(
    openMigratedStore(config.database, () => {}),
    async ({ db }) => write(await deviceCa.revocationList(await revokedCertificates(db, now), now)),
  );
}
