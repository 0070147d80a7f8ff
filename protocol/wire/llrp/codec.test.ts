import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OP_SPEC_RESULTS } from './access.ts';
import { decodeMessage, encodeMessage, type MessageName } from './codec.ts';
import type { Field } from './fields.ts';
import { type LlrpFrame, LlrpFramer } from './framing.ts';
import { MESSAGES } from './messages.ts';
import { fromRaw, type Parameter, type RawParameter, type Shape, toRaw } from './schema.ts';

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
}

function frameOf(bytes: Uint8Array): LlrpFrame {
  const frames: LlrpFrame[] = [];
  new LlrpFramer(() => true).push(bytes, {
    frame: (frame) => frames.push({ ...frame, body: frame.body.slice() }),
    discard: (reason, count) => expect.unreachable(`${reason} ${count}`),
  });
  const [frame, ...more] = frames;
  expect(more).toEqual([]);
  if (!frame) throw new Error('no frame');
  return frame;
}

function decode(bytes: Uint8Array) {
  return decodeMessage(frameOf(bytes));
}

function arbitraryField(field: Field<unknown>): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'number':
      return fc.integer({ min: field.min, max: field.max });
    case 'flag':
      return fc.boolean();
    case 'text':
      return fc.string({ unit: 'grapheme', maxLength: 40 });
    case 'numbers':
      return fc.array(fc.integer({ min: field.min, max: field.max }), { maxLength: 5 });
    case 'bit string':
      return fc.string({ unit: fc.constantFrom('0', '1'), maxLength: 40 });
    case 'octets':
    case 'rest':
      return fc.uint8Array({ maxLength: 20 });
    case 'reserved':
      return fc.constant(undefined);
  }
}

/** Types no definition uses. */
const arbitraryExtra: fc.Arbitrary<RawParameter> = fc.record({
  type: fc.constantFrom(1023, 700, 999),
  body: fc.uint8Array({ maxLength: 20 }),
});

/** Any legal value of a definition, made from the definition itself. */
function arbitraryShape(shape: Shape, tv = false): fc.Arbitrary<Record<string, unknown>> {
  const required: Record<string, fc.Arbitrary<unknown>> = {};
  const sometimes: Record<string, fc.Arbitrary<unknown>> = {};
  let openEnded = false;
  for (const [name, field] of Object.entries(shape.fields)) {
    if (field.kind !== 'reserved') required[name] = arbitraryField(field);
    openEnded ||= field.kind === 'rest';
  }
  for (const [name, child] of Object.entries(shape.children)) {
    if (child.repeat === 'choice') {
      const items = Object.entries(child.choice).map(([kind, { shape: chosen }]) =>
        arbitraryShape(chosen).map((value) => ({ kind, ...value })),
      );
      sometimes[name] = fc.array(fc.oneof(...items), { minLength: 1, maxLength: 4 });
      continue;
    }
    const inner = arbitraryShape(child.parameter.shape, child.parameter.type < 128);
    if (child.repeat === 'one') required[name] = inner;
    else sometimes[name] = child.repeat === 'many' ? fc.array(inner, { minLength: 1, maxLength: 2 }) : inner;
  }
  if (!openEnded && !tv) sometimes.extras = fc.array(arbitraryExtra, { minLength: 1, maxLength: 2 });
  return fc
    .tuple(fc.record(required), fc.record(sometimes, { requiredKeys: [] }))
    .map(([always, perhaps]) => ({ ...always, ...perhaps }));
}

describe('LLRP messages', () => {
  it.each(Object.entries(MESSAGES))('%s survives encoding and decoding', (name, { shape }) => {
    fc.assert(
      fc.property(
        arbitraryShape(shape),
        fc.integer({ min: 0, max: 0xffff_ffff }),
        fc.constantFrom(1 as const, 2 as const),
        (body, id, version) => {
          const bytes = encodeMessage(name as MessageName, body as never, id, version);
          expect(decode(bytes)).toEqual({ outcome: 'message', message: { name, version, id, body } });
        },
      ),
      { numRuns: 25 },
    );
  });

  it.each(Object.entries(OP_SPEC_RESULTS))('the result of %s survives being kept raw', (_, definition) => {
    fc.assert(
      fc.property(arbitraryShape(definition.shape), (value) => {
        expect(fromRaw(definition as Parameter, toRaw(definition as Parameter, value))).toEqual(value);
      }),
      { numRuns: 25 },
    );
    expect(fromRaw(definition as Parameter, { type: 1, body: new Uint8Array(0) })).toBeUndefined();
  });

  it('any octets as a body of any type are a message, unknown or malformed, and never throw', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1023 }), fc.uint8Array({ maxLength: 200 }), (type, body) => {
        const decoded = decodeMessage({ version: 1, type, id: 7, body });
        expect(['message', 'unknown', 'malformed']).toContain(decoded.outcome);
      }),
      { numRuns: 2000 },
    );
  });

  it('any damage to a valid message is a message, unknown or malformed, and never throws', () => {
    const valid = encodeMessage(
      'GET_READER_CAPABILITIES_RESPONSE',
      {
        LLRPStatus: { StatusCode: 101, ErrorDescription: 'no such thing' },
        GeneralDeviceCapabilities: {
          MaxNumberOfAntennaSupported: 4,
          CanSetAntennaProperties: true,
          HasUTCClockCapability: true,
          DeviceManufacturerName: 25882,
          ModelName: 2001002,
          ReaderFirmwareVersion: '5.14',
          PerAntennaAirProtocol: [{ AntennaID: 1, ProtocolID: [1] }],
        },
      },
      3,
      1,
    );
    fc.assert(
      fc.property(fc.nat(valid.length - 11), fc.nat(255), fc.nat(valid.length - 10), (at, value, cut) => {
        const body = valid.slice(10, valid.length - cut);
        if (at < body.length) body[at] = value;
        expect(decodeMessage({ version: 1, type: 11, id: 3, body }).outcome).not.toBe('unknown');
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps a message of an unknown type whole', () => {
    expect(decode(bytesOf('0700 0000000c 00000005 beef'))).toEqual({
      outcome: 'unknown',
      type: 768,
      id: 5,
      body: bytesOf('beef'),
    });
  });

  it('says what is missing when an answer has no LLRPStatus', () => {
    expect(decode(bytesOf('041e 0000000a 00000005'))).toMatchObject({
      outcome: 'malformed',
      name: 'ADD_ROSPEC_RESPONSE',
      reason: 'LLRPStatus is missing',
    });
  });
});

// Octets written out by hand from LLRP 1.1 §17, so that a mistake made in both directions shows.
describe('LLRP octets', () => {
  it('writes KEEPALIVE_ACK of LLRP 1.0.1 as a bare header', () => {
    expect(encodeMessage('KEEPALIVE_ACK', {}, 0x01020304, 1)).toEqual(bytesOf('0448 0000000a 01020304'));
  });

  it('reads a ConnectionAttempt event with its UTC time', () => {
    const bytes = bytesOf('043f 00000020 00000000 00f6 0016 0080 000c 0005a9c1b3e6f2c0 0100 0006 0000');
    expect(decode(bytes)).toMatchObject({
      outcome: 'message',
      message: {
        name: 'READER_EVENT_NOTIFICATION',
        body: {
          ReaderEventNotificationData: {
            UTCTimestamp: { Microseconds: 0x0005a9c1b3e6f2c0 },
            ConnectionAttemptEvent: { Status: 0 },
          },
        },
      },
    });
  });

  it('writes a keepalive and hold configuration', () => {
    const bytes = encodeMessage(
      'SET_READER_CONFIG',
      {
        ResetToFactoryDefault: false,
        KeepaliveSpec: { KeepaliveTriggerType: 1, PeriodicTriggerValue: 10_000 },
        EventsAndReports: { HoldEventsAndReportsUponReconnect: true },
      },
      9,
      1,
    );
    expect(bytes).toEqual(bytesOf('0403 00000019 00000009 00 00dc 0009 01 00002710 00e2 0005 80'));
  });

  it('writes an ROSpec with null triggers on all antennas', () => {
    const bytes = encodeMessage(
      'ADD_ROSPEC',
      {
        ROSpec: {
          ROSpecID: 1,
          Priority: 0,
          CurrentState: 0,
          ROBoundarySpec: {
            ROSpecStartTrigger: { ROSpecStartTriggerType: 0 },
            ROSpecStopTrigger: { ROSpecStopTriggerType: 0, DurationTriggerValue: 0 },
          },
          AISpec: [
            {
              AntennaIDs: [0],
              AISpecStopTrigger: { AISpecStopTriggerType: 0, DurationTrigger: 0 },
              InventoryParameterSpec: [{ InventoryParameterSpecID: 1, ProtocolID: 1 }],
            },
          ],
          ROReportSpec: {
            ROReportTrigger: 1,
            N: 1,
            TagReportContentSelector: {
              EnableROSpecID: false,
              EnableSpecIndex: false,
              EnableInventoryParameterSpecID: false,
              EnableAntennaID: true,
              EnableChannelIndex: false,
              EnablePeakRSSI: true,
              EnableFirstSeenTimestamp: true,
              EnableLastSeenTimestamp: true,
              EnableTagSeenCount: true,
              EnableAccessSpecID: false,
            },
          },
        },
      },
      2,
      1,
    );
    expect(bytes).toEqual(
      bytesOf(`0414 0000004b 00000002
        00b1 0041 00000001 00 00
          00b2 0012 00b3 0005 00 00b6 0009 00 00000000
          00b7 0018 0001 0000
            00b8 0009 00 00000000
            00ba 0007 0001 01
          00ed 000d 01 0001 00ee 0006 1780`),
    );
  });

  it('writes an AccessSpec that reads two words of TID and then writes one of user memory', () => {
    const bytes = encodeMessage(
      'ADD_ACCESSSPEC',
      {
        AccessSpec: {
          AccessSpecID: 7,
          AntennaID: 0,
          ProtocolID: 1,
          CurrentState: false,
          ROSpecID: 0,
          AccessSpecStopTrigger: { AccessSpecStopTrigger: 1, OperationCountValue: 2 },
          AccessCommand: {
            C1G2TagSpec: {
              C1G2TargetTag: [{ MB: 1, Match: true, Pointer: 32, TagMask: '1111', TagData: '0011' }],
            },
            OpSpec: [
              { kind: 'C1G2Read', OpSpecID: 1, AccessPassword: 0, MB: 2, WordPointer: 0, WordCount: 2 },
              {
                kind: 'C1G2Write',
                OpSpecID: 2,
                AccessPassword: 0,
                MB: 3,
                WordPointer: 0,
                WriteData: [0xbeef],
              },
            ],
          },
          AccessReportSpec: { AccessReportTrigger: 1 },
        },
      },
      3,
      1,
    );
    expect(bytes).toEqual(
      bytesOf(`0428 0000005b 00000003
        00cf 0051 00000007 0000 01 00 00000000
          00d0 0007 01 0002
          00d1 0035
            0152 0011 0153 000d 60 0020 0004 f0 0004 30
            0155 000f 0001 00000000 80 0000 0002
            0156 0011 0002 00000000 c0 0000 0001 beef
          00ef 0005 01`),
    );
    expect(
      encodeMessage(
        'ADD_ACCESSSPEC',
        (decode(bytes) as never as { message: { body: never } }).message.body,
        3,
        1,
      ),
    ).toEqual(bytes);
  });
});
