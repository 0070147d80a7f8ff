/** The gateway's command line: run, check a configuration, show the status of a running one. */
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { seededRandom } from '../../../protocol/ports/random.ts';
import { EnrolmentError } from '../../enrolment/enrolment-error.ts';
import { systemClock } from '../clock/system-clock.ts';
import { ConfigError, loadGatewayConfig } from '../config/config.ts';
import { startGateway } from '../start-gateway.ts';
import { VERSION } from '../version.ts';
import { adoptCommand } from './adopt-command.ts';
import { enrollCommand } from './enroll-command.ts';
import { printStatus } from './status-command.ts';

const HELP = `Tallyport gateway ${VERSION}: reads RFID portals, scales and sensors, forwards stock events.

  npm run gateway -- [--config gateway.yaml]     run until SIGTERM or Ctrl-C
  npm run gateway -- check <gateway.yaml>        say whether the file is right, and what is not
  npm run gateway -- status [--url URL] [--json] how the running gateway stands

  npm run gateway -- adopt [--config FILE]       make a journal this machine's own that was copied, moved or put back
                                                 from an image; its waiting events are kept (stop the gateway first)

  npm run gateway -- enroll --cloud URL --code CODE
                                                 get an identity with a code of: cloud -- gateway invite <id>
  npm run gateway -- enroll --renew              new token, key and certificate for the ones there are
  npm run gateway -- enroll --csr-only           a certificate request for another authority, on standard output
  npm run gateway -- enroll --install-cert FILE  put the certificate that came for it beside its key

  --dir FOLDER    where the identity lives, default data/identity
  --ca FILE       whom to believe (PEM): the cloud when enrolling, the broker with --install-cert
  --gateway ID    who this is, where there is no gateway.yaml yet
  --insecure-http send the token over plain HTTP beyond this machine
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
      cloud: { type: 'string' },
      code: { type: 'string' },
      ca: { type: 'string' },
      dir: { type: 'string', default: 'data/identity' },
      gateway: { type: 'string' },
      renew: { type: 'boolean', default: false },
      'csr-only': { type: 'boolean', default: false },
      'install-cert': { type: 'string' },
      'insecure-http': { type: 'boolean', default: false },
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
    case 'adopt':
      adoptCommand(loadGatewayConfig(argument ?? values.config));
      return;
    case 'enroll': {
      if (argument !== undefined) throw new ConfigError([`unexpected argument "${argument}"; see --help`]);
      const {
        'csr-only': csrOnly,
        'install-cert': installCert,
        'insecure-http': insecureHttp,
        ...same
      } = values;
      const note = (text: string) => process.stderr.write(text);
      await enrollCommand(
        { ...same, csrOnly, installCert, insecureHttp },
        { out: write, note, now: Date.now },
      );
      return;
    }
    default:
      throw new ConfigError([
        `unknown command "${command}": expected check, status, adopt or enroll; see --help`,
      ]);
  }
}

async function run(configFile: string): Promise<void> {
  const config = loadGatewayConfig(configFile);
  const log = pino({ name: 'gateway' });
  const gateway = await startGateway({
    config,
    configFile,
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

/** Never rejects: what goes wrong is shown on standard error and by the exit code. */
export async function runCommandLine(): Promise<void> {
  await dispatch().catch((error: NodeJS.ErrnoException) => {
    const usage = error instanceof ConfigError || error.code?.startsWith('ERR_PARSE_ARGS') === true;
    const known = usage || error instanceof EnrolmentError;
    process.stderr.write(known ? `${error.message}\n` : `gateway: ${error.message}\n`);
    process.exit(usage ? 2 : 1);
  });
}
