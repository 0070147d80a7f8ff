/** Served devices live in the time of the gateway that reads them, and their story waits for it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { systemClock } from '../../gateway/app/clock/system-clock.ts';
import { openDeviceBroker } from '../../gateway/transports/device-broker.ts';
import { loadScenario } from './scenario-file.ts';
import { serve } from './serve.ts';

const SMOKE = new URL('../scenarios/smoke.yaml', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'tallyport-serve-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('stamps what devices say with the time of now, whenever the scenario plays, and begins when the gateway is there', async () => {
  await using broker = await openDeviceBroker({ host: '127.0.0.1', port: 0, clock: systemClock() });
  let leave = () => {};
  const interrupted = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const stamped = new Promise<number>((resolve) => {
    broker.subscribe(['impinj/#'], {
      onOpen: () => {},
      onClose: () => {},
      onMessage({ payload }) {
        const event: unknown = JSON.parse(new TextDecoder().decode(payload));
        const { timestamp } = z.object({ timestamp: z.iso.datetime() }).parse(event);
        resolve(Date.parse(timestamp));
      },
    });
  });
  const smoke = loadScenario(SMOKE);
  const truck = smoke.script.find((action) => action.do === 'receive');
  if (truck === undefined) throw new Error('the scenario has no truck');
  const output: string[] = [];
  const configOut = join(folder, 'gateway.yaml');
  const before = Date.now();
  const serving = serve({
    scenario: { ...smoke, script: [{ ...truck, at: 0, door: 'dock-2' }] },
    seed: 1,
    speed: 1,
    lines: 'tcp',
    broker: { host: '127.0.0.1', port: broker.port },
    configOut,
    leadSeconds: 0,
    write: (text) => void output.push(text),
    interrupted,
  });
  const seen = await stamped;
  leave();
  await serving;
  expect(seen).toBeGreaterThanOrEqual(before);
  expect(seen).toBeLessThanOrEqual(Date.now());
  expect(parse(readFileSync(configOut, 'utf8'))).not.toHaveProperty('clock');
  expect(output.join('')).toContain('waiting for the gateway');
});
