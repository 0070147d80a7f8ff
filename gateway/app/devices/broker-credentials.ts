/**
 * Who may publish to the device broker. On loopback nobody needs to say; elsewhere one user `device` with a random
 * password is made at first start, kept in a file only the gateway may read, and shown once.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { ConfigError, readText } from '../config/config.ts';

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

export function brokerCredentials(
  broker: { readonly host: string; readonly usersFile?: string | undefined },
  dataDir: string,
  makePassword: () => string,
  log: Logger,
): Map<string, string> | undefined {
  if (broker.usersFile === undefined && LOOPBACK.has(broker.host)) return undefined;
  const file = broker.usersFile ?? join(dataDir, 'broker-users');
  if (broker.usersFile === undefined && !existsSync(file)) {
    const password = makePassword();
    writeFileSync(file, `device:${password}\n`, { mode: 0o600 });
    log.warn(
      { event: 'broker.user-made', file },
      `devices sign in to the broker as user "device" with password "${password}" (shown once; kept in ${file})`,
    );
  }
  const users = new Map<string, string>();
  for (const [index, line] of readText(file, 'the broker users').split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    if (colon < 1) throw new ConfigError([`${file}:${index + 1}: expected name:password`]);
    users.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return users;
}
