/** The cloud's command line: run, bring the schema up to date, rebuild, add people and gateways, load shipments. */

import { type Logger, pino } from 'pino';
import { ListenError } from '../intake/listen.ts';
import { type CommandLine, HELP, readCommandLine } from './command-line.ts';
import {
  addGatewayCommand,
  addUserCommand,
  loadShipmentsCommand,
  migrateCommand,
  rebuildCommand,
} from './commands.ts';
import { ConfigError, loadCloudConfig } from './config.ts';
import { gatewayConfigCommand } from './gateway-config-command.ts';
import { inviteGatewayCommand, revocationListCommand, revokeGatewayCommand } from './identity-commands.ts';
import { startCloud } from './start-cloud.ts';
import { systemClock } from './system-clock.ts';

const STOP_LIMIT_MS = 15_000;
const write = (text: string) => process.stdout.write(text);

async function main(): Promise<void> {
  const line = readCommandLine(process.argv.slice(2));
  if (line.command === 'help') {
    write(HELP);
    return;
  }
  const { DATABASE_URL, TALLYPORT_BROKER_URL } = process.env;
  const config = loadCloudConfig(line.config, { DATABASE_URL, TALLYPORT_BROKER_URL });
  await dispatch(line, config);
}

function dispatch(
  line: Exclude<CommandLine, { command: 'help' }>,
  config: ReturnType<typeof loadCloudConfig>,
) {
  const command = { config, clock: systemClock(config.clock), write };
  switch (line.command) {
    case 'run':
      return run(config);
    case 'migrate':
      return migrateCommand(command);
    case 'rebuild':
      return rebuildCommand({
        ...command,
        progress: process.stderr.isTTY ? (text) => process.stderr.write(text) : undefined,
      });
    case 'user-add':
      return addUserCommand(command, { name: line.name, role: line.role });
    case 'gateway-add':
      return addGatewayCommand(command, line.id);
    case 'gateway-invite':
      return inviteGatewayCommand(command, line.id, line.hours);
    case 'gateway-revoke':
      return revokeGatewayCommand(command, line.id);
    case 'gateway-config':
      return gatewayConfigCommand(command, line.id, line.file);
    case 'gateway-crl':
      return revocationListCommand(command);
    case 'shipments-load':
      return loadShipmentsCommand(command, line.file);
  }
}

async function run(config: ReturnType<typeof loadCloudConfig>): Promise<void> {
  const log = pino({ name: 'cloud', level: config.log });
  await buildMissingPage(log);
  const cloud = await startCloud({
    config,
    clock: systemClock(config.clock),
    log,
  });
  if (cloud.adminToken !== undefined) {
    write(
      `\nFirst start: this is the administrator's token. It is shown this once and stored only as a hash.\n\n` +
        `  ${cloud.adminToken}\n\nSign in with it at ${cloud.httpUrl}\n\n`,
    );
  }
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ event: 'cloud.stopping', signal }, 'stopping');
    setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
    cloud.close().then(
      () => process.exit(0),
      (error: Error) => {
        log.error(
          { event: 'cloud.stop-failed', err: error },
          'could not stop cleanly; the ledger is durable',
        );
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

main().catch((error: Error) => {
  const usage = error instanceof ConfigError;
  const known = usage || error instanceof ListenError;
  process.stderr.write(known ? `${error.message}\n` : `cloud: ${describe(error)}\n`);
  process.exit(usage ? 2 : 1);
});

/** From a checkout the page is built at the first start; without the builder the API works all the same. */
async function buildMissingPage(log: Logger): Promise<void> {
  try {
    const { buildPage } = await import('../web/build.ts');
    await buildPage();
  } catch (error) {
    log.warn(
      { event: 'page.not-built', err: error },
      'the page could not be built; the API works without it',
    );
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}\n  because: ${describe(error.cause)}`;
}
