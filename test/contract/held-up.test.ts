/**
 * A process that was held up finds its timers overdue before it hears what came in meanwhile. That is no silence of
 * the device and no loss.
 */
import { expect, it } from 'vitest';
import { ModbusSlaves } from '../../firmware-sim/devices/modbus-slaves/modbus-slaves.ts';
import { createDeviceRunner } from '../../gateway/app/devices/device-runner.ts';
import type { ByteDriver } from '../../gateway/drivers/driver.ts';
import { modbusRtu } from '../../gateway/drivers/modbus-rtu/driver.ts';
import { modbusRtuOptions } from '../../gateway/drivers/modbus-rtu/options.ts';
import type { Line } from '../../gateway/transports/line.ts';
import { createMemoryLine } from '../../gateway/transports/memory-line.ts';
import { seededRandom } from '../../protocol/ports/random.ts';
import type { Reading } from '../../protocol/readings/reading.ts';
import { clockAt } from '../support/clock-at.ts';

const POLL_MS = 1_000;

/** A bus whose one sensor answers at once; what it says waits in `unheard` while the process stands still. */
function setUp(silentAfterMs = 2_500) {
  const clock = clockAt(Date.parse('2026-01-01T06:00:00Z'));
  const sensor = new ModbusSlaves({
    random: seededRandom(1, 'sensor'),
    units: [{ address: 1, model: 'xy-md02' }],
    turnaroundMs: 0,
    splitChance: 0,
  });
  const unheard: Uint8Array[] = [];
  let line: Line | undefined;
  let away = false;
  const hear = () => {
    for (const bytes of unheard.splice(0)) line?.write(bytes);
  };
  const opener = createMemoryLine('memory:bus', (opened) => {
    line = opened;
    return {
      onBytes(chunk) {
        unheard.push(...sensor.onBytes(chunk, clock.now()).send);
        if (!away) hear();
      },
      onClose: () => {},
    };
  });
  const readings: Reading[] = [];
  const options = modbusRtuOptions.parse({ pollMs: POLL_MS, units: [{ address: 1, profile: 'xy-md02' }] });
  const driver = modbusRtu.create('bus', options) as ByteDriver;
  const runner = createDeviceRunner({
    device: 'bus',
    kind: 'modbus-rtu',
    connection: { driver, line: opener },
    clock,
    random: seededRandom(1, 'runner'),
    silentAfterMs,
    onReadings: (batch) => void readings.push(...batch),
  });
  runner.start();
  /** From the middle between two polls: the process asks, and stands still until the answer is long overdue. */
  const holdUp = async (durationMs: number) => {
    away = true;
    await clock.runFor(0.6 * POLL_MS);
    clock.holdUp(durationMs);
    await clock.runFor(0);
    away = false;
    hear();
  };
  return { clock, sensor, runner, readings, holdUp };
}

it.each([600, 3_000, 60_000])('a reply that waited while we were away for %i ms counts', async (awayMs) => {
  const { clock, runner, readings, holdUp } = setUp();
  await clock.runFor(POLL_MS / 2);
  await holdUp(awayMs);
  await clock.runFor(120_000);
  const { reconnects, discarded } = runner.status();
  await runner.stop();
  const faults = readings.filter((reading) => reading.kind === 'condition' && 'fault' in reading);
  const health = readings.flatMap((reading) =>
    reading.kind === 'health' && reading.active ? [`${reading.condition} ${reading.detail}`] : [],
  );
  expect({ faults, health, discarded, reconnects }).toEqual({
    faults: [],
    health: [],
    discarded: {},
    reconnects: 0,
  });
});

it('a sensor that is gone is found out, however often we are away', async () => {
  const { sensor, runner, readings, holdUp } = setUp(3_600_000);
  sensor.setFault(1, 'silent');
  for (let round = 0; round < 10; round++) await holdUp(600);
  await runner.stop();
  const health = readings.flatMap((reading) =>
    reading.kind === 'health' && reading.active ? [reading.condition] : [],
  );
  expect(health).toContain('NO_REPLY');
});
