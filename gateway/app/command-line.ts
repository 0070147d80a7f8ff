/** The gateway's command line: run, check a configuration, show the status of a running one. */
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { seededRandom } from '../../protocol/ports/random.ts';
import { ConfigError, loadGatewayConfig } from './config.ts';
import { startGateway } from './start-gateway.ts';
import { printStatus } from './status-command.ts';
import { systemClock } from './system-clock.ts';
import { VERSION } from './version.ts';

const HELP = `Tallyport gateway ${VERSION}: reads RFID portals, scales and sensors, forwards stock events.

  npm run gateway -- [--config gateway.yaml]     run until SIGTERM or Ctrl-C
  npm run gateway -- check <gateway.yaml>        say whether the file is right, and what is not
  npm run gateway -- status [--url URL] [--json] how the running gateway stands

  --config FILE   configuration, default gateway.yaml (see gateway.example.yaml)
  --url URL       its status page, default http://127.0.0.1:8081/
  --json          status as JSON
  --help          this text
`;

const write = (text: string) => process.stdout.write(text);

async function dispatch(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      config: { type: 'string', default: 'gateway.yaml' },
      url: { type: 'string', default: 'http://127.0.0.1:8081/' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  });
  const [command, argument, ...rest] = positionals;
  if (values.help) {
    write(HELP);
    return;
  }
  if (rest.length > 0) throw new ConfigError([`unexpected argument "${rest[0]}"; see --help`]);
  switch (command) {
    case undefined:
    case 'run':
      await run(argument ?? values.config);
      return;
    case 'check': {
      const file = argument ?? values.config;
      const config = loadGatewayConfig(file);
      write(`${file}: right. ${config.devices.length} devices, ${config.readPoints.length} read points.\n`);
      return;
    }
    case 'status':
      await printStatus(values.url, values.json, write);
      return;
    default:
      throw new ConfigError([`unknown command "${command}": expected check or status; see --help`]);
  }
}

async function run(configFile: string): Promise<void> {
  const config = loadGatewayConfig(configFile);
  const log = pino({ name: 'gateway' });
  const gateway = await startGateway({
    config,
    clock: systemClock(config.clock),
    random: seededRandom(`${process.pid}/${Date.now()}`, 'backoff'),
    log,
    // A supervisor starts it again; what was taken is in the journal.
    onFatal: () => process.exit(1),
  });
  const stop = (signal: string) => {
    log.info({ event: 'gateway.stopping', signal }, 'stopping');
    gateway.close().then(
      () => process.exit(0),
      (error: Error) => {
        log.error(
          { event: 'gateway.stop-failed', err: error },
          'could not stop cleanly; the journal is durable',
        );
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

/** Never rejects: what goes wrong is told on standard error and by the exit code. */
export async function runCommandLine(): Promise<void> {
  await dispatch().catch((error: NodeJS.ErrnoException) => {
    const usage = error instanceof ConfigError || error.code?.startsWith('ERR_PARSE_ARGS') === true;
    process.stderr.write(usage ? `${error.message}\n` : `gateway: ${error.message}\n`);
    process.exit(usage ? 2 : 1);
  });
}
