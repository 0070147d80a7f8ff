/** The command lines as a person or a CI job meets them: help, errors that say what to do, machine-readable output. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadScenario } from '../../firmware-sim/app/scenario-file.ts';
import { runVirtually } from '../../firmware-sim/app/virtual-run.ts';
import { effort } from '../support/effort.ts';
import { runCommand } from '../support/processes.ts';

const GATEWAY = 'gateway/app/main.ts';
const CLOUD = 'cloud/app/main.ts';
const SIM = 'firmware-sim/app/main.ts';
const BENCH = 'test/bench/main.ts';
const SMOKE = 'firmware-sim/scenarios/smoke.yaml';

const squatter: Server = createServer();
let takenPort = 0;
let folder = '';
const inFolder = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tallyport-cli-'));
  await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
  const address = squatter.address();
  if (address !== null && typeof address === 'object') takenPort = address.port;
});
afterAll(async () => {
  await new Promise((resolve) => squatter.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

describe('--help', () => {
  it.each([
    [GATEWAY, ['check', 'status', '--config', '--json']],
    [CLOUD, ['migrate', 'rebuild', 'user add', 'gateway add', 'shipments load', '--config']],
    [SIM, ['verify', 'serve', 'record', 'replay', '--seed', '--speed', '--json', '--junit', 'npm start']],
    [BENCH, ['journal', 'ingest', '--quick']],
  ])('of %s names what there is and exits 0', (program, words) => {
    const { status, stdout, stderr } = runCommand([program, '--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const word of words) expect(stdout).toContain(word);
  });
});

const WRONG: readonly [program: string, args: readonly string[], message: RegExp][] = [
  [GATEWAY, ['--bogus'], /'--bogus'/],
  [GATEWAY, ['dance'], /unknown command "dance": expected check, status, adopt or enroll/],
  [GATEWAY, ['check', '/nowhere/gateway.yaml'], /cannot read .*\/nowhere\/gateway\.yaml .*ENOENT.*--config/],
  [GATEWAY, ['status', '--url', 'http://127.0.0.1:9/'], /no gateway answers at .*is it running/],
  [CLOUD, ['--bogus'], /'--bogus'; see .*--help/],
  [CLOUD, ['dance'], /unknown command "dance"; see .*--help/],
  [CLOUD, ['--config', '/nowhere/cloud.yaml'], /\/nowhere\/cloud\.yaml/],
  [SIM, ['verify', SMOKE, '--bogus'], /'--bogus'; see --help/],
  [SIM, ['dance', SMOKE], /unknown command "dance": expected demo, verify, serve, record or replay/],
  [SIM, ['verify'], /expected a file after the command/],
  [SIM, ['verify', '/nowhere/s.yaml'], /cannot read the scenario \/nowhere\/s\.yaml: ENOENT/],
  [SIM, ['verify', SMOKE, '--speed', 'fast'], /--speed: expected "virtual" or xN .* got "fast"/],
  [SIM, ['verify', SMOKE, '--seed', '1.5'], /--seed: expected an integer, got "1\.5"/],
  [SIM, ['replay', '/nowhere/r.jsonl'], /cannot read the recording \/nowhere\/r\.jsonl/],
  [SIM, ['replay', SMOKE], /smoke\.yaml:1: not JSON/],
  [SIM, ['record', SMOKE, '--out', '/nowhere/r.jsonl'], /cannot write \/nowhere\/r\.jsonl: ENOENT/],
  [SIM, ['serve', SMOKE, '--config-out', '/nowhere/g.yaml'], /cannot write \/nowhere\/g\.yaml: ENOENT/],
  [BENCH, ['--bogus'], /'--bogus'/],
  [BENCH, ['dance'], /no figure "dance": expected .*ingest/],
];

describe('a wrong command line', () => {
  // A process for each: of every program some.
  it.each(
    effort(
      WRONG.filter((_, index) => index % 3 === 0),
      WRONG,
    ),
  )('%s %j fails and says which and what to do', (program, args, message) => {
    const { status, stdout, stderr } = runCommand([program, ...args]);
    expect(status).toBeGreaterThan(0);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+/m);
    if (program !== SIM || args[0] !== 'serve') expect(stdout).toBe('');
  });
});

describe('a wrong file', () => {
  it.each([
    [GATEWAY, ['check'], 'gateway: { id: gw }\nstatus:\n  prot: 1\n', /wrong\.yaml:\d+: status.*prot/s],
    [GATEWAY, ['check'], 'gateway: { id: "GW 1" }\n', /wrong\.yaml:1: gateway\.id: expected lower-case/],
    [GATEWAY, ['check'], 'gateway: [\n', /wrong\.yaml:\d+:\d+: /],
    [CLOUD, ['--config'], 'http: { port: high }\n', /wrong\.yaml:1: http\.port: /],
    [SIM, ['verify'], 'name: x\nscript: []\n', /wrong\.yaml.*: title: /s],
  ])(
    'given to %s %j is refused with file, line, path and what was expected',
    (program, args, text, expected) => {
      const { status, stderr, stdout } = runCommand([program, ...args, inFolder('wrong.yaml', text)]);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toMatch(expected);
    },
  );
});

describe('a port in use', () => {
  it.each([
    ['status page', (port: number) => `status: { port: ${port} }\n`, /set status\.port/],
    [
      'device broker',
      (port: number) => `status: { port: 0 }\nbroker: { port: ${port} }\n`,
      /give the device broker another port/,
    ],
  ])('of the gateway (%s) is named, with what to do', (_what, sections, advice) => {
    const file = inFolder('port.yaml', `gateway: { id: gw }\ndataDir: ./port\n${sections(takenPort)}`);
    const { status, stderr } = runCommand([GATEWAY, '--config', file]);
    expect(status).toBe(1);
    expect(stderr).toContain(`port ${takenPort} on 127.0.0.1 is in use`);
    expect(stderr).toMatch(advice);
  });
});

describe('sim verify', () => {
  it('--json prints one JSON object and nothing else, --junit writes a report', () => {
    const junit = join(folder, 'report.xml');
    const { status, stdout, stderr } = runCommand([SIM, 'verify', SMOKE, '--json', '--junit', junit]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({
      scenario: 'smoke',
      seed: 1,
      truth: { receipts: 2, dispatches: 1, weighings: 1 },
      ledger: { receipts: 2, dispatches: 1, weighings: 1 },
      lost: 0,
      duplicated: 0,
      wrong: 0,
      missedExceptions: 0,
      falseExceptions: 0,
      traceHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      durationMs: expect.any(Number),
    });
    expect(readFileSync(junit, 'utf8')).toMatch(/<testsuite name="smoke seed 1" tests="5" failures="0"/);
  });
});

describe('sim record and sim replay', () => {
  it('give the stock events of the run that was recorded', async () => {
    const file = join(folder, 'run.jsonl');
    expect(runCommand([SIM, 'record', SMOKE, '--seed', '8', '--out', file])).toMatchObject({ status: 0 });
    const { status, stdout } = runCommand([SIM, 'replay', file]);
    expect(status).toBe(0);
    const replayed = stdout
      .trim()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line));
    const scenario = loadScenario(SMOKE);
    const { ledger } = await runVirtually({ scenario, seed: 8, log: pino({ level: 'silent' }) });
    const inLedger = ['receipt', 'dispatch', 'passage', 'weighing'];
    const essence = ({ type, readPoint, direction, tags, netMilligrams }: Record<string, unknown>) => ({
      type,
      readPoint,
      direction,
      tags,
      netMilligrams,
    });
    const said = replayed.filter((event) => inLedger.includes(String(event.type)));
    const stood = ledger.events
      .toSorted((a, b) => a.seq - b.seq)
      .map(({ type, readPoint, body }) => ({ ...body, type, readPoint }));
    expect(said.length).toBeGreaterThan(3);
    expect(said.map(essence)).toEqual(stood.map(essence));
  });
});
