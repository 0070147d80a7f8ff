import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../protocol/ports/random.ts';
import { encodeReadRequest, type ReadRequest } from '../../../protocol/wire/modbus-rtu/frame.ts';
import { ReplyScanner } from '../../../protocol/wire/modbus-rtu/scanner.ts';
import { ModbusSlaves } from './modbus-slaves.ts';

const climate: ReadRequest = { address: 1, function: 4, register: 1, quantity: 2 };
const probe: ReadRequest = { address: 2, function: 3, register: 0, quantity: 1 };

function setUp(splitChance = 0.2) {
  const bus = new ModbusSlaves({
    random: seededRandom(5, 'bus'),
    units: [
      { address: 1, model: 'xy-md02' },
      { address: 2, model: 'pt100-rtd' },
      { address: 3, model: 'pt100-rtd', reportsFaultsBy: 'sentinel' },
    ],
    splitChance,
  });
  bus.onConnect();
  let now = 0;
  const ask = (request: ReadRequest) => {
    const scanner = new ReplyScanner();
    scanner.expect(request);
    const pieces = [...bus.onBytes(encodeReadRequest(request), now).send];
    const askedAt = now;
    let firstAt: number | undefined;
    for (let due = bus.nextTickAt(); due !== undefined; due = bus.nextTickAt()) {
      now = due;
      firstAt ??= due - askedAt;
      pieces.push(...bus.onTick(due).send);
    }
    const [reply] = pieces.flatMap((piece) => scanner.push(piece).found);
    return { reply, pieces: pieces.length, firstAt };
  };
  return { bus, ask };
}

describe('simulated Modbus slaves', () => {
  test('each unit answers its own registers after the turnaround time', () => {
    const { bus, ask } = setUp();
    bus.setTemperatureMilliCelsius(1, 30_500);
    bus.setHumidityMilliPercent(1, 54_600);
    bus.setTemperatureMilliCelsius(2, -20_500);
    expect(ask(climate)).toMatchObject({ reply: { registers: [305, 546] }, firstAt: 12 });
    expect(ask(probe)).toMatchObject({ reply: { registers: [0xff33] } });
  });

  test('what a unit does not have is an exception; who is not there says nothing', () => {
    const { ask } = setUp();
    expect(ask({ ...climate, register: 7 }).reply).toMatchObject({ kind: 'exception', code: 2 });
    expect(ask({ ...climate, function: 3 }).reply).toMatchObject({ kind: 'exception', code: 1 });
    expect(ask({ ...climate, address: 9 }).reply).toBeUndefined();
  });

  test('faults look as they do on the real thing', () => {
    const { bus, ask } = setUp();
    const sentinelProbe = { ...probe, address: 3 };
    const faults = (['open', 'short', 'sentinel', 'power-on', 'busy'] as const).map((fault) => {
      bus.setFault(2, fault);
      bus.setFault(3, fault);
      return [ask(probe).reply, ask(sentinelProbe).reply];
    });
    const exception = (code: number) => expect.objectContaining({ kind: 'exception', code });
    const word = (value: number) => expect.objectContaining({ registers: [value] });
    expect(faults).toEqual([
      [exception(0xa0), word(32_767)],
      [exception(0x60), word(0x8000)],
      [word(0xffff), word(0xffff)],
      [word(850), word(850)],
      [exception(6), exception(6)],
    ]);
    bus.setFault(2, 'silent');
    expect(ask(probe)).toMatchObject({ reply: undefined, pieces: 0 });
    bus.setFault(2, 'bad-crc');
    expect(ask(probe)).toMatchObject({ reply: undefined });
    bus.setFault(2, undefined);
    expect(ask(probe).reply).toMatchObject({ registers: [200] });
  });

  test('replies in two pieces are whole again at the other end', () => {
    const { ask } = setUp(1);
    for (let index = 0; index < 20; index++) {
      expect(ask(climate)).toMatchObject({ reply: { kind: 'registers' }, pieces: 2 });
    }
  });
});
