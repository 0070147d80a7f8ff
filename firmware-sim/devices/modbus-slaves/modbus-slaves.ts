/**
 * Sensors on one Modbus RTU bus, byte for byte: XY-MD02 (temperature and humidity) and PT100 transmitters at
 * several addresses. Mirror of the modbus-rtu driver. Each answers after its turnaround time, now and then in two
 * pieces; a fault makes it answer what the real thing answers: a sentinel, an exception, a broken check, nothing.
 */
import type { Random } from '../../../protocol/ports/random.ts';
import { encodeReply, isReadFunction } from '../../../protocol/wire/modbus-rtu/frame.ts';
import { type HeardRequest, RequestScanner } from '../../../protocol/wire/modbus-rtu/scanner.ts';
import type { ByteDevice, DeviceOutput } from '../device.ts';
import type { DeviceFault } from '../faults.ts';
import { TimedSends } from '../shared/timed-sends.ts';

type ModbusSlaveModel = 'xy-md02' | 'pt100-rtd';

type ModbusFault = 'open' | 'short' | 'sentinel' | 'power-on' | 'busy' | 'bad-crc' | 'silent';

export const MODBUS_FAULTS: Readonly<Record<ModbusFault, DeviceFault>> = {
  open: { what: "the probe's wire is broken, answered as the model does", raises: ['SENSOR_FAULT'] },
  short: { what: "the probe's wires touch, answered as the model does", raises: ['SENSOR_FAULT'] },
  sentinel: { what: '-1 in every register', raises: ['SENSOR_FAULT'] },
  'power-on': { what: '850, the 85.0 °C of a sensor that has just started', raises: ['SENSOR_FAULT'] },
  busy: { what: 'exception 6 to every request', raises: ['SENSOR_FAULT'] },
  'bad-crc': { what: 'damaged replies', raises: ['SENSOR_FAULT', 'DEVICE_FAULT', 'DATA_GAP'] },
  silent: { what: 'no reply', raises: ['SENSOR_FAULT', 'DEVICE_FAULT'] },
};

interface ModbusSlavesOptions {
  readonly random: Random;
  readonly units: readonly {
    readonly address: number;
    readonly model: ModbusSlaveModel;
    /** PT100 only: how it reports wire faults; vendors differ. */
    readonly reportsFaultsBy?: 'exception' | 'sentinel';
  }[];
  /** From the request to the first byte of the reply. */
  readonly turnaroundMs?: number;
  readonly splitChance?: number;
}

interface Slave {
  readonly model: ModbusSlaveModel;
  readonly reportsFaultsBy: 'exception' | 'sentinel';
  temperatureMilliCelsius: number;
  humidityMilliPercent: number;
  fault: ModbusFault | undefined;
}

type SlaveAnswer = { readonly registers: readonly number[] } | { readonly exception: number };

const ILLEGAL_FUNCTION = 1;
const ILLEGAL_ADDRESS = 2;
const DEVICE_BUSY = 6;
const WIRE_OPEN = 0xa0;
const WIRE_SHORT = 0x60;

export class ModbusSlaves implements ByteDevice {
  readonly transport = 'bytes';
  readonly #random: Random;
  readonly #slaves: ReadonlyMap<number, Slave>;
  readonly #turnaroundMs: number;
  readonly #splitChance: number;
  readonly #scanner = new RequestScanner();
  readonly #sends = new TimedSends();

  constructor(options: ModbusSlavesOptions) {
    this.#random = options.random;
    this.#turnaroundMs = options.turnaroundMs ?? 12;
    this.#splitChance = options.splitChance ?? 0.2;
    this.#slaves = new Map(
      options.units.map((unit) => [
        unit.address,
        {
          model: unit.model,
          reportsFaultsBy: unit.reportsFaultsBy ?? 'exception',
          temperatureMilliCelsius: 20_000,
          humidityMilliPercent: 50_000,
          fault: undefined,
        },
      ]),
    );
  }

  setTemperatureMilliCelsius(address: number, value: number): void {
    this.#slave(address).temperatureMilliCelsius = value;
  }

  setHumidityMilliPercent(address: number, value: number): void {
    this.#slave(address).humidityMilliPercent = value;
  }

  setFault(address: number, fault: ModbusFault | undefined): void {
    this.#slave(address).fault = fault;
  }

  onConnect(): DeviceOutput {
    this.#scanner.reset();
    this.#sends.clear();
    return { send: [], publish: [] };
  }

  onBytes(chunk: Uint8Array, now: number): DeviceOutput {
    for (const request of this.#scanner.push(chunk).found) this.#onRequest(request, now);
    return this.onTick(now);
  }

  onDisconnect(): void {
    this.#scanner.reset();
    this.#sends.clear();
  }

  onTick(now: number): DeviceOutput {
    return { send: this.#sends.take(now), publish: [] };
  }

  nextTickAt(): number | undefined {
    return this.#sends.nextAt();
  }

  #onRequest(request: HeardRequest, now: number): void {
    const slave = this.#slaves.get(request.address);
    if (slave === undefined || slave.fault === 'silent') return;
    const frame = encodeAnswer(request, answer(slave, request));
    if (slave.fault === 'bad-crc') frame[frame.length - 1] = (frame.at(-1) ?? 0) ^ 0xff;
    this.#sends.addSplit(frame, now + this.#turnaroundMs, this.#random, this.#splitChance, 15);
  }

  #slave(address: number): Slave {
    const slave = this.#slaves.get(address);
    if (slave === undefined) throw new RangeError(`no simulated unit ${address} on this bus`);
    return slave;
  }
}

function answer(slave: Slave, request: HeardRequest): SlaveAnswer {
  if (slave.fault === 'busy') return { exception: DEVICE_BUSY };
  return slave.model === 'xy-md02' ? answerXyMd02(slave, request) : answerPt100(slave, request);
}

function answerXyMd02(slave: Slave, request: HeardRequest): SlaveAnswer {
  if (request.function !== 4) return { exception: ILLEGAL_FUNCTION };
  const temperature = faultWord(slave.fault) ?? tenths(slave.temperatureMilliCelsius);
  const humidity = faultWord(slave.fault) ?? tenths(slave.humidityMilliPercent);
  return readFrom([temperature, humidity], 0x0001, request);
}

function answerPt100(slave: Slave, request: HeardRequest): SlaveAnswer {
  if (request.function !== 3) return { exception: ILLEGAL_FUNCTION };
  if (slave.reportsFaultsBy === 'exception') {
    if (slave.fault === 'open') return { exception: WIRE_OPEN };
    if (slave.fault === 'short') return { exception: WIRE_SHORT };
  }
  return readFrom([faultWord(slave.fault) ?? tenths(slave.temperatureMilliCelsius)], 0x0000, request);
}

/** The register content that stands for a fault, as an unsigned word. */
function faultWord(fault: ModbusFault | undefined): number | undefined {
  switch (fault) {
    case 'open':
      return 32_767;
    case 'short':
      return 0x8000;
    case 'sentinel':
      return 0xffff;
    case 'power-on':
      return 850;
    case 'bad-crc':
    case 'busy':
    case 'silent':
    case undefined:
      return undefined;
  }
}

function tenths(milli: number): number {
  return Math.round(milli / 100) & 0xffff;
}

function readFrom(words: readonly number[], first: number, request: HeardRequest): SlaveAnswer {
  const start = request.register - first;
  const end = start + request.quantity;
  if (start < 0 || request.quantity < 1 || end > words.length) return { exception: ILLEGAL_ADDRESS };
  return { registers: words.slice(start, end) };
}

function encodeAnswer(request: HeardRequest, result: SlaveAnswer): Uint8Array {
  const { address } = request;
  if ('exception' in result) {
    return encodeReply({ kind: 'exception', address, function: request.function, code: result.exception });
  }
  if (!isReadFunction(request.function)) throw new RangeError(`function ${request.function} reads nothing`);
  return encodeReply({ kind: 'registers', address, function: request.function, registers: result.registers });
}
