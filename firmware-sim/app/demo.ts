/**
 * `npm start`: a simulated dock morning through the real path (TCP, MQTT, SQLite, broker, SQL), with the page to
 * watch it on. Takes other ports when the usual ones are in use. At the end the ledger is held against the truth.
 */
import { createServer } from 'node:net';
import { pino } from 'pino';
import { buildPage } from '../../cloud/web/build.ts';
import type { Scenario } from '../world/scenario.ts';
import { startLiveSite } from './live-run.ts';
import { isRight, renderTable } from './report.ts';
import { reportOf } from './verify.ts';

interface DemoOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly speed: number;
  readonly exitWhenDone: boolean;
  readonly write: (text: string) => void;
  /** True on a terminal: shows what happens as it happens. */
  readonly talkative: boolean;
  /** Resolves when the person wants to leave. */
  readonly interrupted: Promise<void>;
}

export async function runDemo(options: DemoOptions): Promise<number> {
  const { scenario, seed, speed, write } = options;
  const began = performance.now();
  await buildPage();
  const say = (at: number, line: string) => {
    if (options.talkative) write(`  ${new Date(at).toISOString().slice(11, 19)}  ${line}\n`);
  };
  let now = () => Date.parse(scenario.start);
  const site = await startLiveSite(
    {
      scenario,
      seed,
      log: pino({ level: process.env.TALLYPORT_LOG ?? 'silent' }, pino.destination(2)),
      narrate: (line) => say(now(), line),
    },
    { speed, lines: 'tcp', httpPort: await freePort(8080), statusPort: await freePort(8081) },
  );
  now = () => site.clock.now();
  try {
    const minutes = Math.ceil(scenario.duration / speed / 60_000);
    write(`\nTallyport · ${scenario.title}\n\n`);
    write(`  page      ${site.cloud.httpUrl}/#token=${site.cloud.adminToken ?? ''}\n`);
    write(`  API       ${site.cloud.httpUrl}/openapi.json\n`);
    write(`  gateway   ${site.gateway.statusUrl}\n`);
    write(`  clock     ${speed} times as fast as life, about ${minutes} min; seed ${seed}\n\n`);
    const finished = await Promise.race([site.finished(), options.interrupted.then(() => undefined)]);
    if (finished === undefined) return 130;
    const report = reportOf(scenario, seed, performance.now() - began, finished);
    write(`\n${renderTable(report)}`);
    if (!options.exitWhenDone) {
      write('\nThe page stays up. Ctrl-C ends it.\n');
      await options.interrupted;
    }
    return isRight(report) ? 0 : 1;
  } finally {
    await site.close();
  }
}

/** The port itself when it is free, else 0: the system picks one. */
function freePort(port: number): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(0));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(port)));
  });
}
