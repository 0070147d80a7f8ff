/**
 * kill -9 of the gateway with a pallet in the door, on hosts of any speed, at any moment of the pass: the pass comes
 * out once, whole, with its direction. A host may be late at everything; what a reader says counts in the time in
 * which it happened.
 */
import { expect, test } from 'vitest';
import { loadScenario } from '../../firmware-sim/app/scenario-file.ts';
import type { Scenario } from '../../firmware-sim/world/scenario.ts';
import { readPointSchema } from '../../gateway/sensing/read-point.ts';
import { SlowHost } from '../support/slow-host.ts';

const DOOR = 'dock-1';
const PASS_MS = 4_000;
const SEED = 5;

function onePallet(): Scenario {
  const scenario = loadScenario('firmware-sim/scenarios/smoke.yaml');
  const script = scenario.script
    .filter((action) => action.do === 'receive')
    .map((action) => ({ ...action, pallets: action.pallets.slice(0, 1) }));
  return { ...scenario, duration: 20_000, script };
}

const scenario = onePallet();
const door = readPointSchema.parse(scenario.readPoints.find(({ id }) => id === DOOR));

async function passesAfterKill(killAfterMs: number, awayMs: number, lagMs: number) {
  const host = new SlowHost({ scenario, seed: SEED, door, reader: 'dock-1-reader', lagMs, commitMs: 100 });
  await host.begin();
  while (!/^pass under way, [1-9]/.test(host.state)) await host.clock.runFor(20);
  // What opened the session is durable by then; a kill before that is another story.
  await host.clock.runFor(100 + killAfterMs);
  host.kill();
  await host.clock.runFor(awayMs);
  host.start();
  await host.clock.runFor(60_000);
  host.close();
  return host.events
    .filter((event) => event.type === 'receipt' || event.type === 'dispatch' || event.type === 'passage')
    .map((event) => `${event.type} ${event.direction} ${event.tags.length}`);
}

test.each([
  { host: 'a quick host', lagMs: 0, awayMs: 300 },
  { host: 'a quick host', lagMs: 0, awayMs: 2_500 },
  { host: 'a slow host', lagMs: 400, awayMs: 2_500 },
  { host: 'a slow host', lagMs: 400, awayMs: 9_000 },
  // Its handshake with the reader takes longer than the door waits.
  { host: 'a host that is hardly moving', lagMs: 800, awayMs: 2_500 },
  { host: 'a host that is hardly moving', lagMs: 800, awayMs: 9_000 },
])('on $host ($lagMs ms late), away for $awayMs ms, a pallet comes in once', async ({ lagMs, awayMs }) => {
  for (let killAfterMs = 0; killAfterMs <= PASS_MS; killAfterMs += 170) {
    const passes = await passesAfterKill(killAfterMs, awayMs, lagMs);
    expect(passes, `killed ${killAfterMs} ms into the pass`).toEqual(['receipt IN 9']);
  }
});
