/** What is wrong with the devices of a scenario, or with what breaks there, is said at the line where it stands. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadScenario } from './scenario-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'tallyport-scenario-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const SMOKE = readFileSync(new URL('../scenarios/smoke.yaml', import.meta.url), 'utf8');

/** The smoke scenario with a part replaced, and what it is refused with. */
function refusal(part: string, by: string): string {
  expect(SMOKE).toContain(part);
  const file = join(folder, 's.yaml');
  writeFileSync(file, SMOKE.replace(part, by));
  try {
    loadScenario(file);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing';
}

const LAST = '  - { at: "1:36", do: compressor, room: cold-1, on: true }';
const withAction = (action: string) => refusal(LAST, `${LAST}\n  - { at: "1:40", ${action} }`);

describe('a scenario is refused', () => {
  it('for a model that no device has', () => {
    expect(refusal('model: llrp-reader', 'model: lrp-reader')).toMatch(
      /^s\.yaml:\d+: devices\[0\]\.model: expected one of "llrp-reader", .*"zigbee-sensor", got "lrp-reader"$/,
    );
  });

  it('for options that its device does not have, or lacks', () => {
    expect(refusal('options: { topic: impinj/dock-2/events,', 'options: { tpic: x,').split('\n')).toEqual([
      expect.stringMatching(/^s\.yaml:\d+: devices\[1\]\.options\.topic: /),
      expect.stringMatching(/^s\.yaml:\d+: devices\[1\]\.options\.tpic: there is no such setting/),
    ]);
    expect(refusal('options: { units: [{ address: 1, profile: xy-md02 }] }', 'driver2: {}')).toMatch(
      /devices\[3\]\.options\.units: /,
    );
  });

  it('for a fault that its probe or device cannot have, or that nothing can have', () => {
    expect(withAction('do: probe-fault, readPoint: cold-1-air, fault: bent, seconds: 1')).toMatch(
      /^s\.yaml:\d+: script\[5\]\.fault: expected one of open, short, .*, got "bent"$/,
    );
    expect(withAction('do: probe-fault, readPoint: dock-1, fault: open, seconds: 1')).toMatch(
      /script\[5\]\.readPoint: there is no such device or probe, got "dock-1"$/,
    );
    expect(withAction('do: device-fault, device: bin-7-scale, fault: toString, seconds: 1')).toMatch(
      /script\[5\]\.fault: expected one of silent, error, got "toString"$/,
    );
    expect(withAction('do: device-fault, device: cold-bus, fault: open, seconds: 1')).toMatch(
      /script\[5\]\.fault: expected one of \(it has no faults\)/,
    );
    expect(withAction('do: device-fault, device: nobody, fault: open, seconds: 1')).toMatch(
      /script\[5\]\.device: there is no such device or probe/,
    );
  });
});

it('is taken with faults that there are', () => {
  expect(withAction('do: device-fault, device: bin-7-scale, fault: silent, seconds: 1')).toBe('nothing');
  expect(withAction('do: probe-fault, readPoint: cold-1-air, fault: busy, seconds: 1')).toBe('nothing');
});
