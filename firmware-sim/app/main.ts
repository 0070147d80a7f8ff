/** The simulator's command line: the demo, and serve, verify, record, replay of scenarios. */
import { parseArgs } from 'node:util';
import { runDemo } from './demo.ts';
import { record, replay } from './replay.ts';
import { loadScenario } from './scenario-file.ts';
import { serve } from './serve.ts';
import { UsageError } from './usage-error.ts';
import { showReport, verify } from './verify.ts';

const DEMO_SCENARIO = new URL('../scenarios/dock-morning.yaml', import.meta.url).pathname;

const HELP = `Tallyport simulator: devices that speak real bytes, a world that knows the truth.

  npm start -- [--scenario FILE --speed xN --seed N --exit-when-done]
      the demo: a dock morning through gateway and cloud, with a page to watch
  npm run sim -- verify <scenario.yaml> [--speed virtual|xN --json --junit FILE --lines tcp|pty]
      run it and hold the ledger against the truth; exit code 0 only when all is right
  npm run sim -- serve <scenario.yaml> [--config-out gateway.yaml --broker HOST:PORT --lead SECONDS --lines tcp|pty]
      only the devices, for a gateway that runs elsewhere; the script begins --lead (10) after the gateway is there
  npm run sim -- record <scenario.yaml> --out FILE
      write down every byte between devices and gateway
  npm run sim -- replay <FILE>
      feed a recording to drivers and sensing; prints stock events as JSON lines
  npm run sim -- aws-iot [stand-in.yaml] [--rule NAME=QUEUE --thing NAME --out FOLDER --host HOST --port N …]
      a local stand-in for AWS IoT Core and SQS with its quotas (firmware-sim/aws-iot/README.md); --rule and --thing
      may be given again; ports: --port (REST and SQS), --mqtt-port, --mqtts-port, --https-port, default any free one

  --seed N          the world's dice, default from the scenario; same seed, same trace
  --speed xN        N times as fast as life over real transports; "virtual": as fast as the machine, in process
  --lines tcp|pty   how serial devices hang on the gateway, default tcp (needs x1 or faster, not virtual)
  --json            one JSON object on standard output
  --junit FILE      JUnit report
  --quiet           no progress lines (default when not on a terminal)
  --help            this text

Environment: TALLYPORT_BROKER_URL an MQTT broker between gateway and cloud, DATABASE_URL a PostgreSQL server (a
database of its own is made and dropped); both for verify at real speeds. TALLYPORT_LOG a log level, to standard error.
`;

const OPTIONS = {
  scenario: { type: 'string' },
  seed: { type: 'string' },
  speed: { type: 'string' },
  lines: { type: 'string', default: 'tcp' },
  json: { type: 'boolean', default: false },
  junit: { type: 'string' },
  out: { type: 'string' },
  broker: { type: 'string', default: '127.0.0.1:1884' },
  'config-out': { type: 'string' },
  lead: { type: 'string', default: '10' },
  'exit-when-done': { type: 'boolean', default: false },
  quiet: { type: 'boolean', default: false },
  rule: { type: 'string', multiple: true, default: [] as string[] },
  thing: { type: 'string', multiple: true, default: [] as string[] },
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string', default: '0' },
  'mqtt-port': { type: 'string', default: '0' },
  'mqtts-port': { type: 'string', default: '0' },
  'https-port': { type: 'string', default: '0' },
  help: { type: 'boolean', default: false, short: 'h' },
} as const;

const write = (text: string) => void process.stdout.write(text);
const progress = (text: string) => void process.stderr.write(text);

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: OPTIONS });
  const [command, file, ...rest] = positionals;
  if (values.help || command === undefined) {
    write(HELP);
    return values.help ? 0 : 2;
  }
  if (rest.length > 0) throw new UsageError(`unexpected argument "${rest[0]}"; see --help`);
  if (command === 'aws-iot') {
    const port = (name: 'port' | 'mqtt-port' | 'mqtts-port' | 'https-port') =>
      parsePort(values[name], `--${name}`);
    // Loaded here: nothing else needs what it brings along.
    const { serveAwsIot } = await import('./aws-iot-command.ts');
    await serveAwsIot({
      file,
      host: values.host,
      ports: [port('port'), port('mqtt-port'), port('mqtts-port'), port('https-port')],
      rules: values.rule,
      things: values.thing,
      out: values.out,
      write,
      interrupted: interrupted(),
    });
    return 0;
  }
  const scenarioFile =
    command === 'demo' ? (file ?? values.scenario ?? DEMO_SCENARIO) : (file ?? values.scenario);
  if (scenarioFile === undefined)
    throw new UsageError(`${command}: expected a file after the command; see --help`);
  const talkative = !values.quiet && process.stderr.isTTY === true;
  const seedOf = (fallback: number) => (values.seed === undefined ? fallback : parseSeed(values.seed));
  const lines = parseLines(values.lines);

  switch (command) {
    case 'demo': {
      const scenario = loadScenario(scenarioFile);
      const speed = parseSpeed(values.speed ?? `x${scenario.demoSpeed}`);
      if (speed === 'virtual') throw new UsageError('--speed: the demo runs for people; expected xN');
      return runDemo({
        scenario,
        seed: seedOf(scenario.seed),
        speed,
        exitWhenDone: values['exit-when-done'],
        write,
        talkative: !values.quiet && process.stdout.isTTY === true,
        interrupted: interrupted(),
      });
    }
    case 'verify': {
      const scenario = loadScenario(scenarioFile);
      const speed = parseSpeed(values.speed ?? 'virtual');
      const { TALLYPORT_BROKER_URL: brokerUrl, DATABASE_URL: databaseUrl } = process.env;
      const report = await verify({
        scenario,
        seed: seedOf(scenario.seed),
        speed,
        lines,
        ...(brokerUrl === undefined ? {} : { brokerUrl }),
        ...(databaseUrl === undefined ? {} : { databaseUrl }),
        ...(talkative ? { narrate: (line: string) => progress(`  ${line}\n`) } : {}),
      });
      return showReport(report, values, write);
    }
    case 'serve': {
      const scenario = loadScenario(scenarioFile);
      const speed = parseSpeed(values.speed ?? 'x1');
      if (speed === 'virtual')
        throw new UsageError('--speed: devices on real lines need real time; expected xN');
      await serve({
        scenario,
        seed: seedOf(scenario.seed),
        speed,
        lines,
        broker: parseBroker(values.broker),
        leadSeconds: parseNumber(values.lead, '--lead'),
        ...(values['config-out'] === undefined ? {} : { configOut: values['config-out'] }),
        write,
        interrupted: interrupted(),
      });
      return 0;
    }
    case 'record': {
      const scenario = loadScenario(scenarioFile);
      if (values.out === undefined) throw new UsageError('record: expected --out FILE');
      const { entries } = await record(scenario, seedOf(scenario.seed), values.out);
      write(`${values.out}: ${entries} entries\n`);
      return 0;
    }
    case 'replay': {
      const events = await replay(scenarioFile, (event) => write(`${JSON.stringify(event)}\n`));
      if (talkative) progress(`${events} stock events\n`);
      return 0;
    }
    default:
      throw new UsageError(
        `unknown command "${command}": expected demo, verify, serve, record or replay, or aws-iot; see --help`,
      );
  }
}

function parseSpeed(text: string): number | 'virtual' {
  if (text === 'virtual') return 'virtual';
  const speed = Number(text.replace(/^x/, ''));
  if (!(speed > 0 && speed <= 1000))
    throw new UsageError(`--speed: expected "virtual" or xN with N from 0 to 1000, got "${text}"`);
  return speed;
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (!Number.isSafeInteger(seed)) throw new UsageError(`--seed: expected an integer, got "${text}"`);
  return seed;
}

function parseNumber(text: string, name: string): number {
  const value = Number(text);
  if (!(value >= 0)) throw new UsageError(`${name}: expected a number, got "${text}"`);
  return value;
}

function parsePort(text: string, name: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new UsageError(`${name}: expected a port, got "${text}"`);
  }
  return port;
}

function parseLines(text: string): 'tcp' | 'pty' {
  if (text === 'tcp' || text === 'pty') return text;
  throw new UsageError(`--lines: expected tcp or pty, got "${text}"`);
}

function parseBroker(text: string): { host: string; port: number } {
  const match = /^(.+):(\d+)$/.exec(text);
  if (match?.[1] === undefined) throw new UsageError(`--broker: expected HOST:PORT, got "${text}"`);
  return { host: match[1], port: Number(match[2]) };
}

let leave: (() => void) | undefined;

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    leave = resolve;
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

// `… | head`: who reads has enough. What runs is closed in order, the rest just ends as a closed pipe ends it.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  if (leave === undefined) process.exit(141);
  leave();
});

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: NodeJS.ErrnoException) => {
    const advice = adviceOn(error);
    progress(`${advice ?? error.stack ?? error.message}\n`);
    // At once: what had been started keeps nobody from the prompt.
    process.exit(advice === undefined ? 1 : 2);
  },
);

/** What the caller can mend, in a line; undefined for anything else. */
function adviceOn(error: NodeJS.ErrnoException): string | undefined {
  if (error instanceof UsageError) return error.message;
  if (error.code?.startsWith('ERR_PARSE_ARGS') === true) return `${error.message.split('. ')[0]}; see --help`;
  if (error.syscall === 'open' && error.path !== undefined) {
    return `cannot write ${error.path}: ${error.code}; give a path that can be written`;
  }
  return undefined;
}
